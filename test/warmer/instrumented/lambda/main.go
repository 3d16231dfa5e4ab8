// Command lambda is the function as a program of its own.
package main

import "caretaker/test/warmer/instrumented/function"

func main() { function.Serve() }
