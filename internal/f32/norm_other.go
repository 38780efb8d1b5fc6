//go:build !amd64 || noasm

package f32

func (f *family) lanes() int { return 1 }

func laneMask(int) uintptr { return 0 }

func columnsAsm(columnKind, *columnArgs) {}
func rowsAsm(rowKind, *rowArgs)          {}
