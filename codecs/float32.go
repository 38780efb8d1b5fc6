package codecs

func init() {
	Register(Entry{
		Type: "float32",
		Slot: SlotWhole,
		Doc:  "Sends every value as float32, 32 bits; the same as an empty chain.",
		New:  func() Settings { return &plainSettings{} },
	})
}

type plainSettings struct{}

// Stage returns the chain without stages.
func (*plainSettings) Stage() (any, error) { return Plain(), nil }
