"""What comes out when nobody is disturbed."""
from check import without_run_facts
from place import Clients, Daemon, Violation
from talk import ask


def references(place):
    """The report of each flow in this place, for check.py."""
    place.want = {}
    daemon = Daemon(place).ready()
    clients = [Clients(place, 1, f"want-{flow}", [flow], cancels=0) for flow in place.wants]
    for c in clients:
        c.leave()
    for c in clients:
        c.left()
    for row in place.database().execute("SELECT id, flow, status FROM runs WHERE parent IS NULL"):
        if row["status"] != "completed":
            raise Violation(f"undisturbed, {row['flow']} is {row['status']}")
        status, text = ask(place.sock, "GET", f"/runs/{row['id']}/report?as=md")
        place.want[row["flow"]] = without_run_facts(text)
    daemon.end()
    place.clean()
