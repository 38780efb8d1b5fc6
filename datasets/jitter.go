package datasets

import "flsim/internal/rng"

// The weights of red, green and blue in a pixel's luma (ITU-R BT.601).
const (
	red   = 0.299
	green = 0.587
	blue  = 0.114
)

// jitter multiplies brightness, contrast and saturation of a normalised image by factors that are uniform in
// [1-most, 1+most), in random order, as the colour jitter of the common vision libraries does (there on bytes, rounded
// after each step). Each step ends in the range of pixels.
func jitter(image []float32, norm *Normalisation, most float64, r *rng.Rand) {
	c := len(norm.Mean)
	for k := range c {
		mean, std := float32(norm.Mean[k]), float32(norm.Std[k])
		for i := k; i < len(image); i += c {
			image[i] = float32(image[i]*std) + mean
		}
	}
	steps := [...]func([]float32, int, float32){brightness, contrast, saturation}
	rng.Shuffle(r, steps[:])
	for _, step := range steps {
		step(image, c, float32(1-most+float64(2*most*r.Float64())))
	}
	for k := range c {
		mean, std := float32(norm.Mean[k]), float32(norm.Std[k])
		for i := k; i < len(image); i += c {
			image[i] = (image[i] - mean) / std
		}
	}
}

// The three steps take pixels from 0 to 1 with c channels, 1 or 3.

func brightness(image []float32, _ int, factor float32) {
	for i, v := range image {
		image[i] = clamp(v * factor)
	}
}

// contrast scales the distance from the image's mean luma.
func contrast(image []float32, c int, factor float32) {
	sum := 0.0
	for i := 0; i < len(image); i += c {
		sum += float64(luma(image[i : i+c]))
	}
	mean := float32(sum / float64(len(image)/c))
	for i, v := range image {
		image[i] = clamp(mean + float32(factor*(v-mean)))
	}
}

// saturation scales the distance from each pixel's own luma.
func saturation(image []float32, c int, factor float32) {
	for i := 0; i < len(image); i += c {
		pixel := image[i : i+c]
		grey := luma(pixel)
		for k, v := range pixel {
			pixel[k] = clamp(grey + float32(factor*(v-grey)))
		}
	}
}

func luma(pixel []float32) float32 {
	if len(pixel) == 1 {
		return pixel[0]
	}
	return float32(red*pixel[0]) + float32(green*pixel[1]) + float32(blue*pixel[2])
}

func clamp(v float32) float32 { return min(max(v, 0), 1) }
