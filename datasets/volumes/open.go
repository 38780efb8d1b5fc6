package volumes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"flsim/datasets"
	"flsim/internal/tensor"
)

// Open makes a data set of the cases that p lists. Each is read and prepared once, and kept in a file of the cache
// folder opt.Cache (empty: FLSIM_CACHE_DIR, else flsim-cache in the user's cache folder), from where it is mapped into
// memory. Both parts of the result are datasets.Cased; their labels are classes of tumour size.
func Open(p Provider, opt datasets.OpenOptions) (*datasets.Data, error) {
	v := opt.Volumes.Complete(false) // all cases that p lists, unless fewer are asked for
	shape := opt.Shape
	if shape == (tensor.Shape{}) {
		shape = v.DefaultShape()
	}
	if err := v.Check(shape); err != nil {
		return nil, err
	}
	if n := len(p.Cases); n < 2 {
		return nil, &datasets.ContentError{Name: p.Name, Problem: fmt.Sprintf("there must be at least two cases, one to train and one to test on; found %d", n)}
	}
	r := &recipe{modalities: v.Modalities, regions: len(p.Regions), patch: v.Extract == "patch", shape: shape}
	st, err := newStore(opt.Cache, r, &p)
	if err != nil {
		return nil, err
	}
	st.progress = opt.Progress
	chosen := choose(len(p.Cases), v.Cases, opt.Seed)
	files, keys, err := st.files(chosen)
	if err != nil {
		return nil, err
	}
	c := &cutter{shape: shape, step: v.SliceStep, tumour: v.Tumour, seed: opt.Seed}
	if r.patch {
		c.patches = v.PerCase
	}
	data, err := assemble(&p, newSet(&p, chosen, files), c, v.TestCases, r.describe(v), keys)
	if err == nil {
		data.Channels = v.Modalities
	}
	return data, err
}

func newSet(p *Provider, chosen []int, files []*file) *set {
	s := &set{files: files, number: chosen}
	var sizes []int
	var patients []string
	for k, i := range chosen {
		site := -1
		if p.Sites != nil {
			site = p.Cases[i].Site
		}
		s.names, s.sites = append(s.names, p.Cases[i].Name), append(s.sites, site)
		sizes, patients = append(sizes, files[k].tumour), append(patients, p.Cases[i].Patient)
	}
	s.first = firsts(patients)
	s.class, s.least = stratify(sizes)
	for k, at := range s.first {
		s.class[k] = s.class[at]
	}
	return s
}

// assemble divides the cases and cuts them.
func assemble(p *Provider, s *set, c *cutter, share float64, done string, keys []key) (*datasets.Data, error) {
	train, test := &examples{set: s, shape: c.shape}, &examples{set: s, shape: c.shape}
	whole := &wholes{set: s}
	for k, held := range holdOutPatients(s.sites, s.first, share, c.seed) {
		if held {
			test.origins = append(test.origins, c.cut(s, k, false)...)
			whole.numbers = append(whole.numbers, k)
		} else {
			train.origins = append(train.origins, c.cut(s, k, true)...)
		}
	}
	if len(whole.numbers) == 0 {
		return nil, &datasets.ContentError{Name: p.Name, Problem: fmt.Sprintf("all %d cases are of one patient; there must be at least two, one to train and one to test on", len(s.files))}
	}
	if len(train.origins) == 0 {
		return nil, &datasets.ContentError{Name: p.Name, Problem: "no slice of the cases to train on shows tumour"}
	}
	note := fmt.Sprintf("%d cases, of which %d to test on; %s", len(s.files), len(whole.numbers), done)
	return &datasets.Data{
		Name: p.Name, Train: train, Test: test, ClassNames: classNames(s.least), Regions: p.Regions, Cases: whole, Sites: p.Sites,
		Digest: digest(s, keys, train, test), Notes: append(p.Notes[:len(p.Notes):len(p.Notes)], note), Synthetic: p.Synthetic,
	}, nil
}

// describe says what is done to each case.
func (r *recipe) describe(v datasets.Volumes) string {
	text := "each is cropped to the brain's box, and each modality is brought to mean 0 and standard deviation 1 inside the brain; "
	switch {
	case r.patch:
		return text + fmt.Sprintf("%d patches of %s of each", v.PerCase, r.shape)
	case r.shape.D > 0:
		return text + fmt.Sprintf("boxes are resized to %s", r.shape)
	}
	return text + fmt.Sprintf("axial slices are resized to %s", r.shape)
}

// digest returns the SHA-256 over what the cases were made from and what is cut out of them.
func digest(s *set, keys []key, parts ...*examples) string {
	h := sha256.New()
	for k := range keys {
		fmt.Fprintf(h, "%x %q %d\n", keys[k], s.names[k], s.sites[k])
		if s.first[k] != k {
			fmt.Fprintf(h, "the patient of %d\n", s.first[k])
		}
	}
	for _, e := range parts {
		fmt.Fprintf(h, "%s %d\n", e.shape, len(e.origins))
		for _, o := range e.origins {
			fmt.Fprintln(h, o.k, o.z, o.y, o.x)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// wholes is a set of whole prepared volumes.
type wholes struct {
	set     *set
	numbers []int // of the cases
}

func (w *wholes) Len() int { return len(w.numbers) }

func (w *wholes) Case(i int) datasets.Case {
	k := w.numbers[i]
	return datasets.Case{Name: w.set.names[k], Site: w.set.sites[k], Shape: w.set.files[k].shape}
}

func (w *wholes) Read(i int, x []float32, y []uint8) {
	f := w.set.files[w.numbers[i]]
	f.readValues(x[:f.shape.Size()], 0)
	f.read(y[:f.shape.Positions()], f.sets)
}
