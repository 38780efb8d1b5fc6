package brats

import "flsim/datasets"

func init() { datasets.RegisterLocator(Name, locate) }

// locate returns the folder in which, or below which, the cases are.
func locate(dir string) (string, error) {
	f, err := search(dir)
	if err != nil {
		return "", err
	}
	if len(f.cases) == 0 {
		return "", missing(dir)
	}
	return f.root, nil
}
