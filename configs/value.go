package configs

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"flsim/internal/params"
)

// assign converts a TOML value to a field's type. Integers become floats where floats are wanted, and nothing else
// is converted.
func assign(to reflect.Value, value any) bool {
	if list, ok := value.([]any); ok && to.Kind() == reflect.Slice {
		s := reflect.MakeSlice(to.Type(), len(list), len(list))
		for i, v := range list {
			if !assign(s.Index(i), v) {
				return false
			}
		}
		to.Set(s)
		return true
	}
	switch x := value.(type) {
	case string:
		return assignIf(to.Kind() == reflect.String, func() { to.SetString(x) })
	case bool:
		return assignIf(to.Kind() == reflect.Bool, func() { to.SetBool(x) })
	case float64:
		return assignIf(to.CanFloat() && !to.OverflowFloat(x) || to.CanFloat() && math.IsInf(x, 0), func() { to.SetFloat(x) })
	case int64:
		switch {
		case to.CanInt() && !to.OverflowInt(x):
			to.SetInt(x)
		case to.CanUint() && x >= 0 && !to.OverflowUint(uint64(x)):
			to.SetUint(uint64(x))
		case to.CanFloat():
			to.SetFloat(float64(x))
		default:
			return false
		}
		return true
	}
	return false
}

func assignIf(ok bool, set func()) bool {
	if ok {
		set()
	}
	return ok
}

// describe names a value with its type, as in `the string "ten"`.
func describe(n *node) string {
	if n.table {
		return "a table"
	}
	switch v := n.value.(type) {
	case string:
		return "the string " + clip(params.Format(v))
	case bool:
		return fmt.Sprintf("the truth value %v", v)
	case int64:
		return fmt.Sprintf("the integer %d", v)
	case float64:
		return "the number " + params.Format(v)
	case []any:
		return "a list" + mixed(v)
	case []map[string]any:
		return "a list of tables"
	}
	return "a date or time"
}

// mixed says which element types a list has, where that is easily said.
func mixed(list []any) string {
	if len(list) == 0 {
		return ""
	}
	first := reflect.TypeOf(list[0])
	for _, v := range list {
		if reflect.TypeOf(v) != first {
			return " of different types"
		}
	}
	switch list[0].(type) {
	case string:
		return " of strings"
	case int64:
		return " of integers"
	case float64:
		return " of numbers"
	}
	return ""
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}

func article(words string) string {
	if strings.HasPrefix(words, "integer") {
		return "an " + words
	}
	if words == "true or false" {
		return words
	}
	return "a " + words
}
