package document

// level is how grave an event is, by its own word. 0 is not known.
type level uint8

const (
	levelTrace level = iota + 1
	levelDebug
	levelInfo
	levelWarn
	levelError
	levelFatal
)

var levelNames = [...]string{levelTrace: "trace", levelDebug: "debug", levelInfo: "info", levelWarn: "warn", levelError: "error", levelFatal: "fatal"}

// levelNamed is the level of a name in the configuration; 0 for none.
func levelNamed(name string) level { return levelOf([]byte(name)) }

// levelOf reads the words for levels of Node, Python, Java, .NET and their loggers, in small letters
// or large.
func levelOf(word []byte) level {
	var lower [12]byte
	if len(word) > len(lower) {
		return 0
	}
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c // #nosec G602 -- checked above
	}
	switch string(lower[:len(word)]) {
	case "trace", "trce", "verbose", "finest", "finer":
		return levelTrace
	case "debug", "dbug", "fine", "config":
		return levelDebug
	case "info", "information", "inf", "notice":
		return levelInfo
	case "warn", "warning", "wrn":
		return levelWarn
	case "error", "err", "fail", "severe":
		return levelError
	case "fatal", "critical", "crit", "panic", "emergency", "alert":
		return levelFatal
	}
	return 0
}

// levelNumbered is the level of a number, as bunyan and pino write them: 10 for trace to 60 for fatal.
func levelNumbered(number []byte) level {
	if len(number) != 2 || number[1] != '0' || number[0] < '1' || number[0] > '6' {
		return 0
	}
	return level(number[0] - '0')
}
