package brats

import (
	"flsim/datasets"
	"flsim/datasets/volumes"
)

func init() { datasets.Register(Name, open, datasets.Volumetric) }

func open(opt datasets.OpenOptions) (*datasets.Data, error) {
	v := opt.Volumes.Complete(false)
	set, err := Find(opt.Dir, FindOptions{Modalities: v.Modalities, Sites: v.Sites, Mapping: v.Mapping})
	if err != nil {
		return nil, err
	}
	return volumes.Open(set.Provider(), opt)
}

// Provider returns the set as what examples are made of.
func (s *Set) Provider() volumes.Provider {
	p := volumes.Provider{Name: Name, Regions: volumes.TumourRegions(), Sites: s.Sites, Notes: s.Notes, Synthetic: s.Synthetic,
		Key:  func(i int) (string, error) { return s.Patients[i].Key() },
		Scan: func(i int) (*volumes.Scan, error) { return s.Patients[i].Read() },
	}
	for _, patient := range s.Patients {
		p.Cases = append(p.Cases, volumes.Listing{Name: patient.Name, Site: patient.Site, Patient: patientOf(patient.Name)})
	}
	return p
}
