package volumes

// The regions in which brain tumours are scored (Menze et al., The Multimodal Brain Tumor Image Segmentation Benchmark,
// IEEE TMI 34(10), 2015), as bits of Scan.Regions: each holds the next.
const (
	WholeTumour     uint8 = 1 << iota // all of it, with the oedema
	TumourCore                        // without the oedema
	EnhancingTumour                   // what takes up contrast agent
)

// GeneratedFile is the name of a text that says of all scans in its folder and below that they were generated.
const GeneratedFile = "SYNTHETIC.txt"

// TumourRegions are the names of these regions, in the order of their bits.
func TumourRegions() []string { return []string{"WT", "TC", "ET"} }

// Provider lists the cases of a data set and reads or generates them one at a time. Key and Scan are called from several
// goroutines at once, and for cases in any order, or not at all. Their errors are handed on as they are.
type Provider struct {
	Name      string // of the data set
	Cases     []Listing
	Regions   []string // names of the regions, in the order of bits
	Sites     []string // where cases come from; nil where that is not known
	Notes     []string // what a reader should know about the data
	Synthetic bool     // whether any case was generated, not measured

	// Key returns what tells the content of case i from all others: a digest of the files that are read, or the
	// parameters that it is generated from, and a version of the code that does it. It says nothing of the
	// modalities, which are known.
	Key func(i int) (string, error)

	// Scan reads or generates case i with the modalities that were asked for, in their order. What it returns may be
	// changed by the caller. Wrong data are a *datasets.FormatError or a *datasets.ContentError.
	Scan func(i int) (*Scan, error)
}

// Listing is what is known of a case before it is read.
type Listing struct {
	Name    string // unique in the set
	Site    int    // place in Provider.Sites; ignored where there are none
	Patient string // who was examined, whose cases stay together; "" if the case has its patient to itself
}
