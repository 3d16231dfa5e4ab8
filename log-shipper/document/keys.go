package document

import "hash/maphash"

// keys remembers the keys of all objects of one JSON text, to find one that comes twice: OpenSearch and
// Elasticsearch refuse the whole document then. It is one table for all objects, so that a text of
// nothing but keys costs no more than its length.
type keys struct {
	seed  maphash.Seed
	slots []slot
	count int
	// round is that of the slots in use; those of rounds before are empty.
	round uint32
}

// mostKeys is how many keys are told apart. A log event of more is not worth their memory.
const mostKeys = 1 << 16

type slot struct {
	hash   uint64
	object int32
	round  uint32
	key    []byte
}

// begin forgets all keys.
func (k *keys) begin() {
	if k.slots == nil {
		k.seed, k.slots = maphash.MakeSeed(), make([]slot, 128)
	}
	if k.round++; k.round == 0 { // after 2^32 texts
		clear(k.slots)
		k.round = 1
	}
	k.count = 0
}

// add tells whether the key is new in its object. After mostKeys none is.
func (k *keys) add(object int32, key []byte) bool {
	if k.count == mostKeys {
		return false
	}
	if k.count*2 >= len(k.slots) {
		k.grow()
	}
	hash := maphash.Bytes(k.seed, key) ^ uint64(object)*0x9e3779b97f4a7c15 // #nosec G115 -- spread over all bits
	s := k.find(hash, object, key)
	if s.round == k.round {
		return false
	}
	*s = slot{hash, object, k.round, key}
	k.count++
	return true
}

// find is the slot of a key, or the free one for it.
func (k *keys) find(hash uint64, object int32, key []byte) *slot {
	mask := uint64(len(k.slots) - 1) // #nosec G115 -- never empty
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &k.slots[i]
		if s.round != k.round || s.hash == hash && s.object == object && string(s.key) == string(key) {
			return s
		}
	}
}

func (k *keys) grow() {
	old := k.slots
	k.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.round == k.round {
			*k.find(s.hash, s.object, s.key) = s
		}
	}
}
