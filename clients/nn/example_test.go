package nn_test

import (
	"fmt"

	"flsim/clients/nn"
)

func init() { nn.Register("wide", wide) }

// wide is a convolution, a residual block and a mean over each channel.
func wide(b *nn.Builder) {
	b.Conv("conv", 16, 3, 1, 1)
	b.ReLU()
	b.Residual(func() {
		b.Conv("block.conv", 16, 3, 1, 1, nn.NoBias)
		b.GroupNorm("block.norm", 4)
	}, func() {})
	b.ReLU()
	b.GlobalMean()
	b.Dense("fc", b.Outputs())
}

// A model that was registered is made, and trained on one batch.
func ExampleRegister() {
	cfg := nn.DefaultConfig()
	cfg.Name = "wide"
	model, err := nn.New(cfg, nn.Shape{H: 8, W: 8, C: 1}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tensor := range model.Layout() {
		fmt.Println(tensor.Name, tensor.Shape)
	}
	fmt.Println(model.Layout().Len(), "parameters")

	w, g := make([]float32, model.Layout().Len()), make([]float32, model.Layout().Len())
	model.Init(w, nn.NewRand(1, "weights"))
	net := model.NewNet(2)
	net.Bind(w, g)
	optimizer := nn.NewOptimizer(nn.OptimizerConfig{Name: "sgd"}, model.Layout())
	x := make([]float32, 2*8*8)
	for i := range 64 {
		x[i] = 1 // a white image and a black one
	}
	for step := range 3 {
		loss, correct := net.Train(x, []int32{0, 1}, nil)
		optimizer.Step(w, g, 0.1)
		fmt.Printf("step %d: loss %.3f, %d of 2 right\n", step+1, loss, correct)
	}
	// Output:
	// conv.weight [3 3 1 16]
	// conv.bias [16]
	// block.conv.weight [3 3 16 16]
	// block.norm.weight [16]
	// block.norm.bias [16]
	// fc.weight [16 2]
	// fc.bias [2]
	// 2530 parameters
	// step 1: loss 0.726, 1 of 2 right
	// step 2: loss 0.403, 2 of 2 right
	// step 3: loss 0.297, 2 of 2 right
}
