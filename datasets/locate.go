package datasets

import "cmp"

// Locator says where below a data directory, or at it, the files of a data set are, without reading them. It returns a
// *MissingError if they are absent.
type Locator func(dir string) (place string, err error)

var locators = map[string]Locator{}

// RegisterLocator makes the files of a registered data set known to Locate. It is called while packages initialise.
func RegisterLocator(name string, find Locator) { locators[name] = find }

// Locate says where the files of the data set that is called name are. A set that has none, since it is generated, is in
// no place. It returns a *MissingError if they are absent.
func Locate(name, dir string) (place string, err error) {
	find := locators[name]
	if find == nil {
		return "", nil
	}
	return find(cmp.Or(dir, "."))
}
