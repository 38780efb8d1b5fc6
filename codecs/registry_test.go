package codecs

import (
	"slices"
	"strings"
	"testing"
)

func TestRegister(t *testing.T) {
	saved := slices.Clone(registry)
	defer func() { registry = saved }()
	entry := func(name string) Entry {
		return Entry{Type: name, New: func() Settings { return &plainSettings{} }}
	}
	Register(entry("zz"))
	Register(entry("aa"))
	if got, ok := Lookup("aa"); !ok || got.Type != "aa" {
		t.Errorf("aa is looked up as %+v, %v", got, ok)
	}
	if _, ok := Lookup("ab"); ok {
		t.Error("ab is found")
	}
	if !slices.IsSortedFunc(Entries(), func(a, b Entry) int { return strings.Compare(a.Type, b.Type) }) {
		t.Errorf("entries are out of order: %v", Entries())
	}
	for _, bad := range []Entry{entry("aa"), entry(""), {Type: "x"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is registered", bad)
				}
			}()
			Register(bad)
		}()
	}
}
