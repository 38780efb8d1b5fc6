package f32

import (
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// guardPage returns memory behind which lies a page that can't be read.
func guardPage(t *testing.T) (page []float32, free func()) {
	size := syscall.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 2*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("no guard pages here: ", err)
	}
	if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&m[0])), size/4), func() { _ = syscall.Munmap(m) }
}

// threadTime returns the processor time of this thread, which others' load distorts less than the wall clock.
func threadTime() time.Duration {
	const clockThreadCPU = 3
	var ts syscall.Timespec
	_, _, _ = syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}
