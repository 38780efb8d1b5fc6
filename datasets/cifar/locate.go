package cifar

import "flsim/datasets"

func init() {
	for _, f := range []*format{&cifar10, &cifar100} {
		datasets.RegisterLocator(f.name, f.locate)
	}
}

// locate returns the folder or archive that holds the set.
func (f *format) locate(dir string) (string, error) {
	at, err := f.find(dir)
	switch p := at.(type) {
	case folder:
		return string(p), err
	case archive:
		return string(p), err
	}
	return "", err
}
