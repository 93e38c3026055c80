"""Check what is in the wheel: our four packages, typed, with no tests and no start-up hooks."""

import sys
from zipfile import ZipFile

PACKAGES = {"gateway", "adapters", "extensions", "conformance_tests"}

names = ZipFile(sys.argv[1]).namelist()
roots = {name.split("/")[0] for name in names if ".dist-info/" not in name}
faults = [f"{root} is not ours" for root in roots - PACKAGES]
faults += [f"{root}/py.typed is missing" for root in PACKAGES if f"{root}/py.typed" not in names]
faults += [f"{name} is a test" for name in names if "tests" in name.split("/")[1:-1]]
faults += [f"{name} would run at every start of Python" for name in names if name.endswith(".pth")]
if faults:
    sys.exit("\n".join(faults))
print(f"{len(names)} files, as they should be")
