/** What the forms of `vigil-site` and of its nodes ask of the running site, for whoever may read or change it. */
import type { NodeAPI } from "node-red";
import { asError, InputError } from "../lib/resilience/errors.ts";
import { lastPicture } from "../lib/site/camera-picture.ts";
import { SharedSite } from "../lib/site/shared-site.ts";
import type { Site } from "../lib/site/site.ts";
import { siteDashboard } from "../lib/site/site-dashboard.ts";

/** As many as somebody reads who asks why the phone did not ring. */
const SHOWN_DECISIONS = 25;

/** Paths are relative to the editor's own, which may be anywhere below a proxy. */
export function serveSiteAdmin(RED: NodeAPI): void {
  const { httpAdmin, auth } = RED;
  httpAdmin.get("/vigil/sites/:site/cameras", auth.needsPermission("vigil-site.read"), (request, response) => {
    answer(response, async () => {
      const site = openSite(RED, request.params.site);
      return site.store.cameras.ids().map((id) => ({ id, name: site.camera(id).name }));
    });
  });
  httpAdmin.get(
    "/vigil/sites/:site/cameras/:camera/picture",
    auth.needsPermission("vigil-site.read"),
    (request, response) => {
      void (async () => lastPicture(openSite(RED, request.params.site), String(request.params.camera)))()
        .then((jpeg) => response.status(200).set("cache-control", "no-store").type("jpeg").send(jpeg))
        .catch((error) => refuse(response, error));
    },
  );
  httpAdmin.get("/vigil/sites/:site/dashboard", auth.needsPermission("vigil-site.read"), (request, response) => {
    answer(response, async () => ({ yaml: siteDashboard(openSite(RED, request.params.site)) }));
  });
  httpAdmin.get("/vigil/sites/:site/decisions/:node", auth.needsPermission("vigil-site.read"), (request, response) => {
    answer(response, async () => {
      const { store } = openSite(RED, request.params.site);
      const identity = store.nodes.identityOf(String(request.params.node));
      return identity === undefined ? [] : store.decisions.latest(identity, SHOWN_DECISIONS);
    });
  });
  httpAdmin.delete(
    "/vigil/sites/:site/cameras/:camera",
    auth.needsPermission("vigil-site.write"),
    (request, response) => {
      answer(response, async () => openSite(RED, request.params.site).removeCamera(String(request.params.camera)));
    },
  );
  httpAdmin.delete(
    "/vigil/sites/:site/home-assistant",
    auth.needsPermission("vigil-site.write"),
    (request, response) => {
      answer(response, async () => openSite(RED, request.params.site).leaveHomeAssistant());
    },
  );
}

function openSite(RED: NodeAPI, id: unknown): Site {
  const node = RED.nodes.getNode(String(id));
  const site = node && "shared" in node && node.shared instanceof SharedSite ? node.shared.current : null;
  if (site) return site;
  throw new InputError("SITE_NOT_OPEN", "The site does not run: deploy it, with a node that uses it");
}

interface Response {
  status(code: number): { json(body: unknown): unknown };
}

function answer(response: Response, work: () => Promise<unknown>): void {
  void work()
    .then((body) => response.status(200).json(body ?? {}))
    .catch((error) => refuse(response, error));
}

function refuse(response: Response, error: unknown): void {
  response.status(error instanceof InputError ? 404 : 503).json({ error: asError(error).message });
}
