package idx

import (
	"path/filepath"

	"flsim/datasets"
)

func init() {
	for i := range sets {
		datasets.RegisterLocator(sets[i].name, sets[i].locate)
	}
}

// locate returns the folder that holds the set's four files.
func (s *set) locate(dir string) (string, error) {
	files, err := s.find(dir)
	if err != nil {
		return "", err
	}
	return filepath.Dir(files[0].images), nil
}
