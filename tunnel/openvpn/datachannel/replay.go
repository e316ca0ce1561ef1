package datachannel

// Replay window, in packets. OpenVPN's 64 is too small where a sender emits batches of 64 and a network reorders them.
const (
	defaultReplayWindow = 2048
	wordBits            = 64
)

// replayWindow remembers which packet ids were seen, as a ring of bits (RFC 6479).
type replayWindow struct {
	words []uint64 // one more than the window needs, so that the newest word can be cleared while the oldest is in use
	last  uint32   // the highest id seen; ids begin at 1
}

func newReplayWindow(size int) replayWindow {
	if size <= 0 {
		size = defaultReplayWindow
	}
	words := 2
	for words*wordBits < size+wordBits {
		words *= 2
	}
	return replayWindow{words: make([]uint64, words)}
}

// size is how far behind the last id another may be.
func (w *replayWindow) size() uint32 { return uint32(len(w.words)-1) * wordBits }

// fresh reports whether an id was not seen and is not too old to know.
func (w *replayWindow) fresh(id uint32) bool {
	switch {
	case id == 0:
		return false
	case id > w.last:
		return true
	case w.last-id >= w.size():
		return false
	default:
		return w.words[w.index(id)]&bit(id) == 0
	}
}

// mark notes an id, which must be fresh and authentic.
func (w *replayWindow) mark(id uint32) {
	if id > w.last {
		ahead := id/wordBits - w.last/wordBits
		for i := range min(ahead, uint32(len(w.words))) {
			w.words[w.index(w.last+(i+1)*wordBits)] = 0
		}
		w.last = id
	}
	w.words[w.index(id)] |= bit(id)
}

func (w *replayWindow) index(id uint32) uint32 { return id / wordBits & uint32(len(w.words)-1) }

func bit(id uint32) uint64 { return 1 << (id % wordBits) }
