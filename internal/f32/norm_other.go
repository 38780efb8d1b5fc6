//go:build (!amd64 && !arm64) || noasm

package f32

func (f *family) lanes() int { return 1 }
func (f *family) units() int { return 1 }

func laneMask(int) uintptr { return 0 }

func columnsAsm(columnKind, *columnArgs) {}
func rowsAsm(rowKind, *rowArgs)          {}
