package orders

import "database/sql"

type Order struct {
	ID    int64
	Items []string
}

// List returns the newest orders with their items; the page shows up to 500.
func List(db *sql.DB, limit int) ([]Order, error) {
	rows, err := db.Query("SELECT id FROM orders ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Order
	for rows.Next() {
		var o Order
		if err := rows.Scan(&o.ID); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	for i := range all {
		if all[i].Items, err = items(db, all[i].ID); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

func items(db *sql.DB, id int64) ([]string, error) {
	rows, err := db.Query("SELECT name FROM items WHERE order_id = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// Ready asks both databases, the main one and the archive, once each.
func Ready(dbs [2]*sql.DB) error {
	for _, db := range dbs {
		if err := db.Ping(); err != nil {
			return err
		}
	}
	return nil
}
