package datasets

import (
	"fmt"
	"strings"
)

// MissingError says that the files of a data set are not where they were looked for.
type MissingError struct {
	Set  string   // the name under which the set was asked for
	Dir  string   // the data directory
	Want []string // each entry alone would do: what to put into Dir
}

// Error says what to put where.
func (e *MissingError) Error() string {
	dir := e.Dir
	if dir == "" {
		dir = "the current directory"
	}
	return fmt.Sprintf("the data set %s is not in %s; put there either %s", e.Set, dir, strings.Join(e.Want, ", or "))
}

// FormatError says that a file is there but does not hold what it should.
type FormatError struct {
	File   string // path; a member of an archive is written archive:member
	Offset int64  // bytes from the start of the file, after unpacking
	Want   string // what should be there
	Got    string // what is there
}

// Error names the file, the place, and what was expected there.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: at byte %d: want %s, got %s", e.File, e.Offset, e.Want, e.Got)
}
