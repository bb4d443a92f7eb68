package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Price is what one exchange asks for one unit.
type Price struct {
	Exchange string  `json:"exchange"`
	Amount   float64 `json:"amount"`
}

// Current asks the exchange at url. Handlers call it for every request of a user.
func Current(url string) (*Price, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return decode(resp)
}

var client = &http.Client{}

// History asks for the price at a day, and gives up after three seconds.
func History(ctx context.Context, url string) (*Price, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return decode(resp)
}

func decode(resp *http.Response) (*Price, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("feed: %s", resp.Status)
	}
	var p Price
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		return nil, err
	}
	return &p, nil
}
