package thumbs

import "sync"

// Shrink makes the thumbnail of one picture.
type Shrink func(name string) (string, error)

// All shrinks every picture with n workers and returns the thumbnails, in any order.
func All(names []string, n int, shrink Shrink) []string {
	jobs := make(chan string)
	done := make(chan string)
	for i := 0; i < n; i++ {
		go func() {
			for name := range jobs {
				if thumb, err := shrink(name); err == nil {
					done <- thumb
				} else {
					done <- ""
				}
			}
		}()
	}
	for _, name := range names {
		jobs <- name
	}
	close(jobs)
	var thumbs []string
	for range names {
		if thumb := <-done; thumb != "" {
			thumbs = append(thumbs, thumb)
		}
	}
	return thumbs
}

// Errors runs every check at once and returns what they complained about.
func Errors(checks []func() error) []error {
	found := make(chan error, len(checks))
	var wg sync.WaitGroup
	for _, check := range checks {
		wg.Add(1)
		go func(check func() error) {
			defer wg.Done()
			if err := check(); err != nil {
				found <- err
			}
		}(check)
	}
	wg.Wait()
	close(found)
	var all []error
	for err := range found {
		all = append(all, err)
	}
	return all
}
