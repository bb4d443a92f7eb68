package sessions

import (
	"net/http"
	"sync"
)

// roles is filled here and only read afterwards.
var roles = map[string]string{
	"root": "admin",
	"bot":  "reader",
}

// Store keeps who is logged in. Handlers run at the same time.
type Store struct {
	mu   sync.Mutex
	user map[string]string
	seen map[string]int
}

func New() *Store {
	return &Store{user: map[string]string{}, seen: map[string]int{}}
}

func (s *Store) Login(token, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user[token] = user
}

// Role answers with the role of the session in the cookie.
func (s *Store) Role(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("session")
	if err != nil {
		http.Error(w, "no session", http.StatusUnauthorized)
		return
	}
	s.seen[cookie.Value]++
	s.mu.Lock()
	user := s.user[cookie.Value]
	s.mu.Unlock()
	role, ok := roles[user]
	if !ok {
		role = "guest"
	}
	_, _ = w.Write([]byte(role))
}
