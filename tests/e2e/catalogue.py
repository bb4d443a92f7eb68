"""catalogue.py CHECK WORK SECTIONS: looks at the reports that catalogue.bats made in WORK."""
import collections
import glob
import json
import os
import re
import sys

check, work, sections_file = sys.argv[1:]
asked = {}
for line in open(sections_file):
    if not line.startswith("#"):
        flow, titles = line.strip().split(": ", 1)
        asked[flow] = titles.split(" | ")
problems = []


def headings(text, least=1):
    """(level, title, line number) of the headings outside of fences."""
    fence = None
    for no, line in enumerate(text.split("\n")):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark and fence is None:
            fence = mark.group(1)
        elif mark and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = None
        head = re.match(r"(#{1,6}) +(.*)", line)
        if head and fence is None and len(head.group(1)) >= least:
            yield len(head.group(1)), head.group(2), no


def concluded(report):
    """Was there a step that joins what the others wrote? Not in each flow, not at each size."""
    return [s for s in report["steps"] if s["role"] == "synthesizer" and s["status"] == "completed"]


def complete(name, flow, text, report):
    if report["run"]["status"] != "completed":
        yield "status " + report["run"]["status"]
    for s in report["steps"]:
        if s["status"] == "failed" or (s["status"] == "skipped" and not s["reason"]):
            yield "%s %s: %s" % (s["step"], s["status"], s["reason"])
    if not [s for s in report["steps"] if s["kind"] == "agent" and s["status"] == "completed"]:
        yield "no agent completed"
    if not report["answer"].strip():
        yield "no answer"
    if concluded(report) and not report["recommendation"].strip():
        yield "no recommendation"


def shown_labels(flow, report):
    """Labels of the texts in the order of the flow's sections."""
    labels = []
    for section in flow["sections"]:
        for s in report["steps"]:
            if (s["step"] == section or s["step"].startswith(section + "/")) and \
                    s["role"] in ("angle", "assess") and s["status"] == "completed":
                labels.append(s["label"])
    return labels


def order(name, flow, text, report):
    found = [title for level, title, _ in headings(text) if level == 2]
    labels = shown_labels(flow, report)
    judges = [s["label"] for s in report["steps"]
              if s["role"] == "validator" and s["status"] == "completed"]
    want = ["Answer", "Validation"] + ["Recommendation"] * len(concluded(report)) + ["Findings"]
    parts = want + ["Gaps", "Coverage", "Evidence", "Reproduce"]
    want += [t + ", in full" if t in parts else t for t in labels + judges]
    if len(set(found)) != len(found):
        yield "has a heading twice in %s" % found
    want += [t for t in ["Deferred (YAGNI)"] if t in found] + ["Gaps"]
    want += ["Coverage"] * bool(report["coverage"]) + ["Evidence", "Reproduce"]
    if found != want:
        yield "has %s, not %s" % (found, want)
    rewritten = [s for s in report["steps"] if s["role"] == "rewrite" and s["status"] == "completed"]
    if not concluded(report) or rewritten:
        return
    inside = [title for level, title, _ in headings(report["recommendation"]) if level == 2]
    places = [asked[flow["name"]].index(t) if t in asked[flow["name"]] else -1 for t in inside]
    if not inside or -1 in places or places != sorted(places):
        yield "recommends under %s" % inside


def whole(name, flow, text, report):
    lines = text.split("\n")
    heads = list(headings(text))
    for (level, title, no), after in zip(heads, heads[1:] + [(0, "", len(lines))]):
        if not "".join(lines[no + 1:after[2]]).strip() and after[0] <= level:
            yield "nothing under " + title
    # what others wrote may speak of templates; we do not
    own = re.sub(r"`[^`]*`|\"[^\"\n]*\"", "", text)
    for left in ("{{", "}}", "table: 0x"):
        if left in own:
            yield "has " + left
    for line in lines[0:1] + [t for level, t, _ in heads if level == 2] + report["gaps"]:
        if re.search(r"\{\{|\bnil\b|\bnull\b|table: 0x|%!?[sd]\b", line):
            yield "has " + line


def citations(name, flow, text, report):
    states = ("resolves", "moved", "changed", "missing", "not checked")
    for c in report["evidence"]:
        if c["state"] not in states:
            yield "%s is %s" % (c["id"], c["state"])
        if c["class"] == "codebase" and c["quote"] and c["state"] != "resolves":
            yield "%s:%d %s" % (c["path"], c["line"], c["state"])


def dispositions(name, flow, text, report):
    ids = [f["id"] for f in report["findings"]]
    for f in report["findings"]:
        if f["disposition"] not in ("kept", "merged", "demoted", "refuted", "deferred"):
            yield "%s is %s" % (f["id"], f["disposition"])
        if f["disposition"] == "merged" and f["merged_into"] not in ids:
            yield "%s is merged into %s" % (f["id"], f["merged_into"])


def gaps(name, flow, text, report):
    said = " ".join(report["gaps"])
    for s in report["steps"]:
        if s["kind"] == "agent" and s["status"] == "skipped" and s["role"] != "rewrite" and \
                "%s skipped" % s["label"] not in said:
            yield "%s was skipped, and nobody says so" % s["step"]


look = {"complete": complete, "order": order, "whole": whole, "citations": citations,
        "dispositions": dispositions, "gaps": gaps}[check]
seen = 0
kinds = collections.Counter()
for path in sorted(glob.glob(os.path.join(work, "reports", "*.md"))):
    name = os.path.basename(path)[:-3]
    flow = json.load(open(os.path.join(work, "flows", name.split(".")[1] + ".json")))
    report = json.load(open(path[:-3] + ".json"))
    text = open(path, errors="replace").read()
    seen += 1
    kinds.update(c["state"] for c in report["evidence"])
    for problem in look(name, flow, text, report):
        problems.append("%s: %s" % (name, problem))
print("%d reports, citations: %s" % (seen, dict(kinds)))
print("\n".join(problems[:40]))
sys.exit(1 if problems or seen == 0 else 0)
