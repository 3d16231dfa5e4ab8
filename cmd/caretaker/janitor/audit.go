package janitor

import (
	"fmt"
	"os"

	"github.com/rs/zerolog"
)

// audit is a file of JSON lines; the zero value writes none.
type audit struct {
	log  zerolog.Logger
	file *os.File
}

func openAudit(path string) (audit, error) {
	if path == "" {
		return audit{log: zerolog.Nop()}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 -- the path is what the user gave
	if err != nil {
		return audit{}, fmt.Errorf("opening the audit file: %w", err)
	}
	return audit{zerolog.New(file).With().Timestamp().Logger(), file}, nil
}

// of is the logger for one Region.
func (a audit) of(account, region string) zerolog.Logger {
	return a.log.With().Str("account", account).Str("region", region).Logger()
}

func (a audit) close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}
