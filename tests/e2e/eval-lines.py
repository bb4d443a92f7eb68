# eval-lines.py DIR: what stands at the places that the cases in DIR name, after the change where
# there is one. One line for each line of a place: kind, case, file, number and text.
import glob, os, re, shutil, subprocess, sys, tempfile

for case in sorted(glob.glob(os.path.join(sys.argv[1], "*/case.yaml"))):
    name, kind, path = os.path.basename(os.path.dirname(case)), None, None
    with tempfile.TemporaryDirectory() as place:
        tree = os.path.join(place, "repo")
        after = os.path.join(os.path.dirname(case), "repo.after")
        shutil.copytree(os.path.join(os.path.dirname(case), "repo"), tree)
        if os.path.exists(after):
            shutil.copytree(after, tree, dirs_exist_ok=True)
        patch = os.path.join(os.path.dirname(case), "change.patch")
        if os.path.exists(patch):
            subprocess.run(["git", "apply", os.path.abspath(patch)], cwd=tree, check=True)
        for line in open(case):
            if re.match(r"(defects|decoys):", line):
                kind = line.split("s:")[0]
            elif m := re.match(r" +(?:- )?path: (\S+)", line):
                path = m[1]
            elif m := re.match(r" +lines: \[(\d+), (\d+)\]", line):
                text = open(os.path.join(tree, path)).read().split("\n")
                for n in range(int(m[1]), int(m[2]) + 1):
                    print(f"{kind} {name} {path}:{n}: {text[n - 1].strip()}")
