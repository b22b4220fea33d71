/** The text of `tabvisor --help`; `docs/command-line.md` says more. */
export const HELP = `Usage: tabvisor run [options]

Runs an x86 PC. The serial line is this terminal; Ctrl-A x quits.

Machine
  --guest ID               a guest of the catalogue (\`npm run image -- --list\`), with all that it wants
  --overlay FILE           keeps what that guest writes to its own disk
  --memory MIB             guest memory, 1 to 3072 MiB (256)
  --kernel FILE            boot a Linux bzImage or a multiboot 1 ELF image without firmware
  --initrd FILE            its initial RAM disk; for multiboot its modules: "FILE ARGS,FILE ARGS"
  --append STRING          its command line
  --bios FILE              firmware (SeaBIOS of the built images)
  --vga-bios FILE          VGA BIOS (SeaVGABIOS of the built images)
  --engine auto|interp|jit translate guest code to WebAssembly: when it is hot, never, before it runs (auto)
  --clock host|icount      guest time is wall time, or instructions retired: then a run repeats exactly (host)
  --vga std|none           graphics adapter (std)
  --debug-exit             port 0xf4 ends the run with exit status (value << 1) | 1

Drives (FILE is a path or an http address; without --writable or overlay= what the guest writes is gone at the end)
  --drive KEY=VALUE,...    file=FILE, if=ide|virtio|nvme|floppy, index=N, media=disk|cdrom, format=raw|qcow2|zstd,
                           readonly=on|off, overlay=FILE (keeps what is written), backing=FILE (beneath a qcow2 image)
  --hda FILE, --hdb FILE, --hdc FILE, --hdd FILE
                           IDE disks
  --cdrom FILE             IDE CD-ROM, in the place of --hdc
  --fda FILE, --fdb FILE   floppies
  --writable               what the guest writes goes to the images themselves
  --boot a|c|d             what the firmware tries first: floppy, disk, CD-ROM; several in order, such as dc

Folders
  --virtfs PATH,tag=NAME,readonly=on|off
                           a folder that Linux mounts: mount -t 9p -o trans=virtio,version=9p2000.L NAME /mnt
                           (the guest may write to it with readonly=off)

Consoles
  --serial stdio|FILE|none where the serial line's output goes (stdio)
  --virtio-console stdio|FILE|none
                           a virtio console, Linux's hvc0 (none); stdio takes the terminal from the serial line
  --parallel FILE          file for what the guest prints on LPT1
  --debugcon FILE          file for the bytes written to port 0xe9

Virtio devices
  --virtio-rings split|packed
                           the rings that they offer (split)
  --virtio-legacy on|off   serve drivers of before virtio 1.0 too (on)
  --virtio-rng on|off      a source of random numbers (on)

Scripts
  --until REGEX            end with status 0 once a serial line or the text screen matches
  --send 'REGEX=>TEXT'     once REGEX was seen on the serial line, send TEXT there; repeatable, in order
  --type 'REGEX=>TEXT'     once REGEX was seen there or on the screen, type TEXT on the keyboard; repeatable, in order
  --mouse 'REGEX=>DX,DY,BUTTONS'
                           then move the mouse right and down; BUTTONS held are 1 left + 2 right + 4 middle
  --timeout SECONDS        end with status 124 after so long

At exit
  --screen FILE.png        write the screen
  --screen-text            print the text screen
  --stats FILE|-           write figures of the run as JSON
  --profile FILE|-         write where guest time went: the busiest pieces of translated code
  --symbols FILE           System.map or /proc/kallsyms of the guest, for the names in the profile

TEXT may hold \\n, \\r, \\t, \\e, \\\\ and \\xHH; on the keyboard also <enter>, <f1>, <ctrl-alt-delete> and the like.
Exit status: 0 matched or powered off, 2 wrong use, 3 triple fault, 124 time-out, 1 defect of Tabvisor.

tabvisor --help, tabvisor --version
`;
