package event_test

import (
	"fmt"

	"flsim/sim/event"
)

func ExampleQueue() {
	type arrival struct{ client int }
	var q event.Queue[arrival]
	q.Push(event.Seconds(2), arrival{1})
	q.Push(event.Seconds(0.5), arrival{2})
	q.Push(event.Seconds(2), arrival{3}) // the same instant as client 1's, so behind it
	for q.Len() > 0 {
		item := q.Pop()
		fmt.Println(item.At, item.Event.client)
	}
	// Output:
	// 500ms 2
	// 2s 1
	// 2s 3
}
