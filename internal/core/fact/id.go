package fact

import (
	"hash/fnv"
	"strconv"
	"time"
)

// Seed makes ids. The engine draws a fresh one for every input, a scenario
// counts them, so a step that is repeated makes the same ids again.
type Seed uint64

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford: no i, l, o, u

// NewID makes an id that sorts by time: prefix, 9 characters of milliseconds,
// 6 of seed and salt. salt tells apart the ids that one step makes.
func NewID(prefix string, at time.Time, seed Seed, salt string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatUint(uint64(seed), 16)))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(prefix))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(salt))
	out := make([]byte, 0, len(prefix)+15)
	out = append(out, prefix...)
	out = appendBase32(out, uint64(at.UnixMilli()), 9)
	return string(appendBase32(out, h.Sum64(), 6))
}

// Hash is a short stable name for a long key: 13 characters, 64 bits.
func Hash(parts ...string) string {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0xff})
	}
	return string(appendBase32(nil, h.Sum64(), 13))
}

func appendBase32(out []byte, v uint64, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		out = append(out, alphabet[(v>>(5*uint(i)))&31])
	}
	return out
}
