package datasets_test

import (
	"fmt"

	"flsim/datasets"
	_ "flsim/datasets/all" // every data set of flsim
)

// Examples are divided among clients with a Dirichlet distribution over their labels.
func ExamplePartition_Split() {
	data, err := datasets.Open("synthetic-images", datasets.OpenOptions{Shape: datasets.Shape{H: 28, W: 28, C: 1}, Train: 500, Test: 10, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	partition := datasets.DefaultPartition()
	partition.Kind, partition.Alpha = "dirichlet", 0.3
	shards, err := partition.Split(data.Train, 3, datasets.NewRand(1, "partition"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for client, counts := range datasets.Stats(data.Train, shards).Counts {
		fmt.Println("client", client, "holds of each class", counts)
	}
	// Output:
	// client 0 holds of each class [17 45 50 50 47 49 1 6 1 47]
	// client 1 holds of each class [4 5 0 0 3 1 4 30 49 0]
	// client 2 holds of each class [29 0 0 0 0 0 45 14 0 3]
}
