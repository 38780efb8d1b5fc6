package datasets

import (
	"errors"
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

// ContentError says that a file or a case can be read but does not hold what a data set needs.
type ContentError struct {
	Name    string // path of the file, or the case
	Problem string // what is wrong with it, as in "label 7 is none of 0, 1, 2, 4"
}

// Error names the file or case and what is wrong with it.
func (e *ContentError) Error() string { return e.Name + ": " + e.Problem }

// AtFault tells whether err says that data are missing or wrong: it is, or wraps, a *MissingError, a *FormatError or a
// *ContentError.
func AtFault(err error) bool {
	var missing *MissingError
	var format *FormatError
	var content *ContentError
	return errors.As(err, &missing) || errors.As(err, &format) || errors.As(err, &content)
}
