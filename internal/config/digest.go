package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Digest is the SHA-256, in hex, of a part's effective configuration. Keys that are
// not written and keys written with their default digest alike, an empty list and
// none too: a plan belongs to what holds, not to how it was written.
func Digest(cfg any) string {
	text, err := json.Marshal(cfg)
	if err != nil {
		panic(fmt.Sprintf("config: digest of %T: %v", cfg, err)) // a Config holds no value that JSON cannot
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(fmt.Sprintf("config: digest of %T: %v", cfg, err))
	}
	canonical, err := json.Marshal(withoutEmpty(value)) // sorts the keys
	if err != nil {
		panic(fmt.Sprintf("config: digest of %T: %v", cfg, err))
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// withoutEmpty takes the entries out that hold nothing.
func withoutEmpty(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for key, entry := range object {
		entry = withoutEmpty(entry)
		switch entry := entry.(type) {
		case nil:
			delete(object, key)
		case []any:
			if len(entry) == 0 {
				delete(object, key)
			}
		case map[string]any:
			if len(entry) == 0 {
				delete(object, key)
			}
		}
	}
	return object
}
