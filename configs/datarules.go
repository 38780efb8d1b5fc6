package configs

import (
	"slices"

	"flsim/datasets"
	"flsim/internal/params"
	"flsim/internal/tensor"
)

// imageShapes are the shapes of the images that are generated.
var imageShapes = []string{"32x32x3", "28x28x1"}

// dataRules checks that the keys of the data table suit its set.
func (d *decoder) dataRules(n *node, s *Data) {
	generated, volumes := datasets.Is(s.Set, datasets.Generated), datasets.Is(s.Set, datasets.Volumetric)
	refuse := func(why string, keys ...string) {
		for _, key := range keys {
			if k := n.kid(key); k != nil {
				d.fail(k, "data."+key, false, "", "data.%s is %s", key, why)
			}
		}
	}
	if !volumes {
		for _, f := range params.Fields(&datasets.Volumes{}) {
			refuse("for sets of volumes only, which "+params.Format(s.Set)+" is not", f.Name)
		}
	}
	switch {
	case volumes:
		refuse("for synthetic images only; sets of volumes have data.cases", "train", "test")
		if s.Crop > 0 {
			refuse("for images only; volumes are not varied", "augment_crop")
		}
		if s.Flip {
			refuse("for images only; volumes are not varied", "augment_flip")
		}
		if s.Jitter > 0 {
			refuse("for images only; volumes are not varied", "augment_jitter")
		}
		refuse("for sets of images only; sets of volumes have data.cases", "examples")
		if generated {
			refuse("for real sets only; a synthetic one has data.site_count", "sites", "mapping")
		} else {
			refuse("for synthetic sets only; a real one has the sites that it has", "site_count")
		}
		if k := n.kid("mapping"); k != nil && s.Mapping != "" && s.Sites == "name" {
			d.fail(k, "data.mapping", false, "", "data.mapping is of no use with data.sites = \"name\"; leave out one of the two")
		}
		d.volumeRules(n, s)
	case generated:
		if k := n.kid("shape"); k != nil && !d.isBad("data.shape") && !slices.Contains(imageShapes, s.Shape) {
			d.fail(k, "data.shape", true, params.Choice(imageShapes, true), "data.shape cannot be %q", s.Shape)
		}
	default:
		refuse("for synthetic sets and sets of volumes only; "+params.Format(s.Set)+" has its own", "shape")
		refuse("for synthetic sets only; "+params.Format(s.Set)+" has its own", "train", "test")
	}
}

// volumeRules checks the shape that volumes are brought to.
func (d *decoder) volumeRules(n *node, s *Data) {
	if d.isBad("data.shape", "data.modalities") {
		return
	}
	at, key := n, "data"
	for _, name := range []string{"modalities", "shape"} {
		if k := n.kid(name); k != nil {
			at, key = k, "data."+name
		}
	}
	var shape tensor.Shape
	var err error
	if len(s.Modalities) > 0 { // else the default shape is none
		shape, err = tensor.ParseShape(s.Shape)
	}
	if err == nil {
		err = s.Volumes.Check(shape)
	}
	if err != nil {
		d.fail(at, key, at != n, "", "%s: %v", key, err)
	}
}
