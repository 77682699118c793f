/** The settings of the Node-RED that `npm start` runs. */

/** `port` and `host` are those the editor listens on, `userDir` is an absolute path. */
export function nodeRedSettings({ port, host, userDir }: { port: number; host: string; userDir: string }) {
  return {
    uiPort: port,
    uiHost: host,
    userDir,
    flowFile: "flows.json",
    flowFilePretty: true,
    // Node-RED's own key would lie beside the credentials; only the rights of the folder protect either.
    credentialSecret: false as const,
    httpAdminRoot: "/",
    httpNodeRoot: "/",
    diagnostics: { enabled: false, ui: false },
    telemetry: { enabled: false, updateNotification: false },
    // The palette manager asks a server on the internet each time the editor opens.
    externalModules: { autoInstall: false, palette: { allowInstall: false } },
    logging: { console: { level: "info" as const, metrics: false, audit: false } },
    editorTheme: {
      page: { title: "Vigil" },
      header: { title: "Vigil" },
      tours: false,
      projects: { enabled: false },
    },
  };
}
