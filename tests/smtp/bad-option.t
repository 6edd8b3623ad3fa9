# A setting that there is not.
options -o speed=1
closed
exit 100
log bad setting: speed=1
