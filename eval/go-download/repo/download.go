package download

import (
	"net/http"
	"path/filepath"
)

// Server hands out the files of one directory.
type Server struct {
	Root string
}

// Avatar sends the picture that ?name= asks for.
func (s *Server) Avatar(w http.ResponseWriter, r *http.Request) {
	name := filepath.Base(filepath.Clean("/" + r.URL.Query().Get("name")))
	http.ServeFile(w, r, filepath.Join(s.Root, "avatars", name))
}
