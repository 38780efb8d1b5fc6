// Package fetch downloads data sets from their official addresses, checks them, and puts them where their readers look.
//
// Nothing is ever downloaded but on request.
package fetch

import "slices"

// File is one file of a data set.
type File struct {
	URL    string
	Path   string // below the data directory, with slashes
	Size   int64  // in bytes
	SHA256 string // hexadecimal
	Unpack string // folder below the data directory for the members of a zip archive, which then goes; empty for none
}

// Source says where a data set comes from.
type Source struct {
	Sets  []string // names of the data sets that it holds
	Home  string   // page of its authors
	Terms string   // what to do where it cannot be downloaded without more ado; there are no files then
	Guide string   // the file of this project that says more of that
	Files []File
}

// Sizes and checksums are those that the authors of download tools publish for these addresses.
var sources = []Source{
	{Sets: []string{"cifar10"}, Home: "https://www.cs.toronto.edu/~kriz/cifar.html", Files: []File{{
		URL: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", Path: "cifar-10-binary.tar.gz", Size: 170052171,
		SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}}},
	{Sets: []string{"cifar100"}, Home: "https://www.cs.toronto.edu/~kriz/cifar.html", Files: []File{{
		URL: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", Path: "cifar-100-binary.tar.gz", Size: 168513733,
		SHA256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}}},
	{Sets: []string{"mnist"}, Home: "https://yann.lecun.com/exdb/mnist", Files: idx("https://storage.googleapis.com/cvdf-datasets/mnist/", "mnist", [4]sum{
		{9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		{28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		{1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		{4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	})},
	{Sets: []string{"fashion-mnist"}, Home: "https://github.com/zalandoresearch/fashion-mnist", Files: idx("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", "fashion-mnist", [4]sum{
		{26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
		{29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
		{4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
		{5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
	})},
	{Sets: []string{"emnist", "emnist-balanced", "emnist-digits", "emnist-letters", "emnist-mnist", "emnist-bymerge", "emnist-byclass"},
		Home: "https://www.nist.gov/itl/products-and-services/emnist-dataset", Files: []File{{
			URL: "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip", Path: "emnist.zip", Size: 561753746, Unpack: "emnist",
			SHA256: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"}}},
	{Sets: []string{"svhn"}, Home: "http://ufldl.stanford.edu/housenumbers",
		Terms: "download train_32x32.mat and test_32x32.mat from http://ufldl.stanford.edu/housenumbers and convert them by scripts/convert_svhn.py, which says how",
		Guide: "scripts/convert_svhn.py"},
	{Sets: []string{"brats"}, Home: "https://www.synapse.org",
		Terms: "it is handed out to registered users only; ask for access at https://www.synapse.org, unpack the training data into a folder brats of the data directory, and see docs/brats.md; Task01_BrainTumour of http://medicaldecathlon.com is free",
		Guide: "docs/brats.md"},
}

// sum is what is known of one of the four files in IDX format.
type sum struct {
	size   int64
	sha256 string
}

// idx lists the four files of a set in IDX format.
func idx(address, folder string, sums [4]sum) (files []File) {
	for i, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
		files = append(files, File{URL: address + name, Path: folder + "/" + name, Size: sums[i].size, SHA256: sums[i].sha256})
	}
	return files
}

// SourceOf returns where a data set comes from.
func SourceOf(set string) (Source, bool) {
	i := slices.IndexFunc(sources, func(s Source) bool { return slices.Contains(s.Sets, set) })
	if i < 0 {
		return Source{}, false
	}
	return sources[i], true
}
