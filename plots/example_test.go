package plots_test

import (
	"bytes"
	"fmt"

	"flsim/plots"
)

// Two seeds of one curve give its mean with a band.
func ExampleWrite() {
	figure := &plots.Figure{
		Title: "Quantised updates", XLabel: "Uplink (Mbit)", YLabel: "Test accuracy (%)", LogX: true,
		Series: []plots.Series{{Label: "QSGD, 4 bit", Seeds: []plots.Curve{
			{X: []float64{1, 10, 100}, Y: []float64{31, 55, 68}},
			{X: []float64{1, 11, 110}, Y: []float64{29, 57, 70}},
		}}},
	}
	for _, format := range plots.Formats() {
		var file bytes.Buffer
		if err := plots.Write(&file, figure, format, plots.DefaultSize); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %.4q\n", format, file.Bytes())
	}
	// Output:
	// png: "\x89PNG"
	// svg: "<?xm"
	// pdf: "%PDF"
}
