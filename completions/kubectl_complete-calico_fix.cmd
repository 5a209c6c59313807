@echo off
rem kubectl (1.26 and newer) asks this program for "kubectl calico-fix"; made by: calico-fix completion kubectl
kubectl-calico_fix.exe __complete %* <nul
