// Package architecture holds the rules of the house as tests: who imports whom, who
// reads the environment and the clock, and how large a Lambda binary may become.
package architecture
