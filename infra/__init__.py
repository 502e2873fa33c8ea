"""How scatterlake is run by many: natively, in containers, on Kubernetes. Imported by nobody."""
