/** A real FTP server that cameras upload to: vsftpd, as root as in a container, and curl as the camera. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);
const VSFTPD = ["/usr/sbin/vsftpd", "/usr/bin/vsftpd"].find(existsSync);

/** Whether this machine can run the server: it must be installed and we must be root. */
export const ftpAvailable = VSFTPD !== undefined && process.getuid?.() === 0;

export interface FtpServer {
  /** Uploads a file as a camera does; `remotePath` is relative to the server's root, folders are made. */
  upload(file: string, remotePath: string, options?: { bytesPerSecond?: number }): Promise<void>;
  close(): Promise<void>;
}

/** Serves `root` for anonymous uploads on a free port of 127.0.0.1. `folder` is for its configuration. */
export async function startFtpServer(root: string, folder: string): Promise<FtpServer> {
  if (VSFTPD === undefined) throw new Error("vsftpd is not installed");
  const port = await freePort();
  mkdirSync(root, { recursive: true });
  const config = join(folder, "vsftpd.conf");
  const settings = {
    listen: "YES",
    listen_address: "127.0.0.1",
    listen_port: port,
    run_as_launching_user: "YES",
    background: "NO",
    anonymous_enable: "YES",
    no_anon_password: "YES",
    anon_root: root,
    write_enable: "YES",
    anon_upload_enable: "YES",
    anon_mkdir_write_enable: "YES",
    anon_other_write_enable: "YES",
    anon_umask: "022",
    allow_writeable_chroot: "YES",
    seccomp_sandbox: "NO",
    isolate: "NO",
    isolate_network: "NO",
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  const server = spawn(VSFTPD, [config], { stdio: "ignore" });
  const url = `ftp://127.0.0.1:${port}/`;
  await eventually(
    () =>
      run("curl", ["-s", url]).then(
        () => true,
        () => false,
      ),
    "the FTP server",
  );
  return {
    upload: async (file, remotePath, { bytesPerSecond } = {}) => {
      const slow = bytesPerSecond === undefined ? [] : ["--limit-rate", String(bytesPerSecond)];
      await run("curl", ["-sS", "--ftp-create-dirs", ...slow, "-T", file, url + encodeURI(remotePath)]);
    },
    close: async () => {
      server.kill();
      await once(server, "exit");
    },
  };
}
