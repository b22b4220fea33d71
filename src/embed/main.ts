/** Entry of embed.html. */
import { publishApi } from "../ui/pageApi.ts";
import { TabvisorEmbed } from "./embed.ts";

const embed = document.querySelector("tabvisor-embed");
if (embed instanceof TabvisorEmbed) publishApi(() => embed.manager.machines);
