package nn

import (
	"fmt"

	"flsim/internal/tensor"
)

// entry is a model by name.
type entry struct {
	name    string
	build   func(b *Builder)
	regions bool   // it marks regions; the others tell classes
	doc     string // what it is, in a few words
	source  string // where it is from
}

// zoo lists all models; Register appends to it. Parameter counts in comments are for 10 classes.
var zoo = []entry{
	{name: "logistic", build: logistic, doc: "multinomial logistic regression"},
	{name: "mlp", build: mlp, doc: "two hidden layers of 200", source: "McMahan et al., AISTATS 2017, arXiv 1602.05629"},
	{name: "lenet5", build: lenet5, doc: "LeNet-5 with ReLU and maximum pooling", source: "LeCun et al., Proceedings of the IEEE 86(11), 1998"},
	{name: "tf-cnn", build: tfCNN, doc: "three convolutions and two dense layers", source: "TensorFlow's tutorial on convolutional networks"},
	{name: "mcmahan-cnn", build: mcmahanCNN, doc: "two convolutions 5x5 and two dense layers", source: "McMahan et al., AISTATS 2017, arXiv 1602.05629"},
	{name: "cnn4", build: func(b *Builder) { vggLike(b, true, 32, 64, 128, 256) }, doc: "four convolutions with batch normalisation"},
	{name: "cnn8", build: func(b *Builder) { vggLike(b, false, 32, 32, 64, 64, 128, 128, 256, 256) }, doc: "eight convolutions with batch normalisation"},
	{name: "keras-cnn", build: kerasCNN, doc: "two convolutions and two dense layers with dropout", source: "Keras' example for MNIST"},
	{name: "alexnet-cifar", build: alexNet, doc: "AlexNet for small images", source: "Krizhevsky, Sutskever and Hinton, NeurIPS 2012"},
	{name: "vgg16", build: vgg16, doc: "VGG-16, configuration D", source: "Simonyan and Zisserman, ICLR 2015, arXiv 1409.1556"},
	{name: "resnet8-gn", build: func(b *Builder) { resnet(b, 1, 16, 32, 64) }, doc: "residual network with group normalisation", source: resnetSource},
	{name: "resnet18-gn", build: func(b *Builder) { resnet(b, 2, 64, 128, 256, 512) }, doc: "residual network with group normalisation", source: resnetSource},
	{name: "resnet20-gn", build: func(b *Builder) { resnet(b, 3, 16, 32, 64) }, doc: "residual network with group normalisation", source: resnetSource},
	{name: "unet2d", build: unet2D, regions: true, doc: "U-Net for images", source: "Ronneberger, Fischer and Brox, MICCAI 2015, arXiv 1505.04597"},
	{name: "unet3d", build: unet3D, regions: true, doc: "U-Net for volumes", source: unet3DSource},
	{name: "unet3d-9m", build: unet3D9M, regions: true, doc: "U-Net for volumes with five levels, of about nine million parameters", source: unet3DSource},
}

const (
	resnetSource = "He et al., CVPR 2016, arXiv 1512.03385"
	unet3DSource = "Çiçek et al., MICCAI 2016, arXiv 1606.06650"
)

// Description says what a model is.
type Description struct {
	Name    string
	Doc     string // in a few words
	Source  string // where it is from; empty where it has no author
	Regions bool   // it marks regions in every pixel or voxel; the others tell classes of whole examples
	Volumes bool   // it takes volumes; the others take images
}

// Descriptions describes all models, from the small to the large, classifiers first.
func Descriptions() []Description {
	var list []Description
	for _, e := range zoo {
		probe := &Builder{cfg: DefaultConfig(), shape: tensor.Shape{H: 64, W: 64, C: 1}, outputs: 1}
		e.build(probe)
		list = append(list, Description{Name: e.name, Doc: e.doc, Source: e.source, Regions: e.regions, Volumes: probe.err != nil})
	}
	return list
}

// logistic is multinomial logistic regression: 30,730 parameters for 32x32x3, 7,850 for 28x28x1.
func logistic(b *Builder) { b.Dense("fc", b.outputs) }

// mlp is McMahan et al.'s 2NN (AISTATS 2017, arXiv 1602.05629, section 3): 199,210 parameters for 28x28x1.
func mlp(b *Builder) { head(b, 200, 200) }

// head appends dense layers with ReLU and the one that gives the logits.
func head(b *Builder, widths ...int) {
	for i, n := range widths {
		b.Dense(fmt.Sprintf("fc%d", i+1), n)
		b.ReLU()
	}
	b.Dense(fmt.Sprintf("fc%d", len(widths)+1), b.outputs)
}

// lenet5 follows LeCun, Bottou, Bengio and Haffner (Proceedings of the IEEE, 1998) with ReLU and maximum pooling:
// 62,006 parameters for 32x32x3; images of 28x28 get a border of 2, with 61,706 for 28x28x1.
func lenet5(b *Builder) {
	pad := 0
	if b.shape.H == 28 && b.shape.W == 28 {
		pad = 2
	}
	b.Conv("conv1", 6, 5, 1, pad)
	b.ReLUPool()
	b.Conv("conv2", 16, 5, 1, 0)
	b.ReLUPool()
	head(b, 120, 84)
}

// tfCNN is the network of the TensorFlow tutorial on convolutional networks: 122,570 parameters for 32x32x3.
func tfCNN(b *Builder) {
	b.Conv("conv1", 32, 3, 1, 0)
	b.ReLUPool()
	b.Conv("conv2", 64, 3, 1, 0)
	b.ReLUPool()
	b.Conv("conv3", 64, 3, 1, 0)
	b.ReLU()
	head(b, 64)
}

// mcmahanCNN is the CNN of McMahan et al. (AISTATS 2017, arXiv 1602.05629, section 3). With padding same, 2,156,490
// parameters for 32x32x3 and 1,663,370 for 28x28x1; with padding valid, 878,538 and 582,026.
func mcmahanCNN(b *Builder) {
	pad := 2
	if b.cfg.Padding == "valid" {
		pad = 0
	}
	b.Conv("conv1", 32, 5, 1, pad)
	b.ReLUPool()
	b.Conv("conv2", 64, 5, 1, pad)
	b.ReLUPool()
	head(b, 512)
}

// vggLike is a stack of 3x3 convolutions with batch normalisation and ReLU, pooled after each or after every second,
// and a dense layer; nothing has a bias and weights start from N(0, 0.01^2). With 10 classes cnn4 has 399,136
// parameters for 32x32x3 and 390,880 for 28x28x1, cnn8 1,183,456 for 32x32x3.
func vggLike(b *Builder, poolEach bool, widths ...int) {
	if b.cfg.Init == "default" {
		b.cfg.Init, b.cfg.InitStd = "normal", 0.01
	}
	for i, n := range widths {
		b.Conv(fmt.Sprintf("conv%d", i+1), n, 3, 1, 1, NoBias)
		b.BatchNorm(fmt.Sprintf("bn%d", i+1))
		if poolEach || i%2 == 1 {
			b.ReLUPool()
		} else {
			b.ReLU()
		}
	}
	b.Dense("fc", b.outputs, NoBias)
}

// kerasCNN is the network of the Keras example for MNIST: 1,199,882 parameters for 28x28x1. Its dropout rates are
// 0.25 and 0.3.
func kerasCNN(b *Builder) {
	b.Conv("conv1", 32, 3, 1, 0)
	b.ReLU()
	b.Conv("conv2", 64, 3, 1, 0)
	b.ReLUPool()
	b.Dropout(0.25)
	b.Dense("fc1", 128)
	b.ReLU()
	b.Dropout(0.3)
	b.Dense("fc2", b.outputs)
}

// alexNet is Krizhevsky, Sutskever and Hinton's network (NeurIPS 2012) for small images: 23,272,266 parameters for
// 32x32x3.
func alexNet(b *Builder) {
	b.Conv("conv1", 64, 3, 2, 1)
	b.ReLUPool()
	b.Conv("conv2", 192, 3, 1, 1)
	b.ReLUPool()
	b.Conv("conv3", 384, 3, 1, 1)
	b.ReLU()
	b.Conv("conv4", 256, 3, 1, 1)
	b.ReLU()
	b.Conv("conv5", 256, 3, 1, 1)
	b.ReLUPool()
	for i := 1; i <= 2; i++ {
		b.Dropout(0.5)
		b.Dense(fmt.Sprintf("fc%d", i), 4096)
		b.ReLU()
	}
	b.Dense("fc3", b.outputs)
}

// vgg16 is configuration D of Simonyan and Zisserman (ICLR 2015, arXiv 1409.1556) with a pool after each of the first
// four stages, so that images of 28x28 leave it a pixel: 33,637,066 parameters for 28x28x1.
func vgg16(b *Builder) {
	for stage, width := range []int{64, 128, 256, 512, 512} {
		for i := range 2 + min(stage/2, 1) {
			b.Conv(fmt.Sprintf("conv%d.%d", stage+1, i+1), width, 3, 1, 1)
			b.ReLU()
		}
		if stage < 4 {
			b.MaxPool(2, 2)
		}
	}
	head(b, 4096, 4096)
}

// resnetGroups is the number of groups of the residual networks' normalisation.
const resnetGroups = 2

// resnet is a residual network of basic blocks (He et al., CVPR 2016, arXiv 1512.03385) with group normalisation in place of batch
// normalisation, a 3x3 stem and projections wherever the shape changes. For 32x32x3 and 10 classes resnet8-gn has
// 78,042 parameters, resnet18-gn 11,173,962 and resnet20-gn 272,474.
func resnet(b *Builder, blocks int, widths ...int) {
	b.Conv("conv1", widths[0], 3, 1, 1, NoBias)
	b.GroupNorm("gn1", resnetGroups)
	b.ReLU()
	for stage, width := range widths {
		for block := range blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			basicBlock(b, fmt.Sprintf("stage%d.%d", stage+1, block+1), width, stride)
		}
	}
	b.GlobalMean()
	b.Dense("fc", b.outputs)
}

func basicBlock(b *Builder, name string, width, stride int) {
	in := b.shape
	body := func() {
		b.Conv(name+".conv1", width, 3, stride, 1, NoBias)
		b.GroupNorm(name+".gn1", resnetGroups)
		b.ReLU()
		b.Conv(name+".conv2", width, 3, 1, 1, NoBias)
		b.GroupNorm(name+".gn2", resnetGroups)
	}
	shortcut := func() {
		if stride != 1 || in.C != width {
			b.Conv(name+".shortcut.conv", width, 1, stride, 0, NoBias)
			b.GroupNorm(name+".shortcut.gn", resnetGroups)
		}
	}
	b.Residual(body, shortcut)
	b.ReLU()
}
