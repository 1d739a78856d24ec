/** Dramatis personae: who was found in the text, and which voice plays whom. */

import { messages } from "../messages.js";
import { classes, html } from "../ui.js";
import { describeVoice } from "../voices.js";

export function Cast({ cast, colour, engines }) {
  return html`<section class="cast" aria-labelledby="cast-title">
    <h2 id="cast-title" class="heading">${messages.castTitle}</h2>
    ${cast.length === 0 && html`<p class="muted">${messages.castWaiting}</p>`}
    <ul>
      ${cast.map((member) => html`<${Member} key=${member.id} member=${member} colour=${colour(member.id)} engines=${engines} />`)}
    </ul>
  </section>`;
}

function Member({ member, colour, engines }) {
  const voice = describeVoice(engines, member.voice);
  const about = [
    member.lines > 0 && messages.lines(member.lines),
    member.aliases?.length > 0 && messages.alsoKnown(member.aliases),
  ].filter(Boolean).join(" · ");
  return html`<li class=${classes("member", `voice-${colour}`)}>
    <p class="member-line">
      <span class="member-name">${member.narrator ? messages.narrator : member.name}</span>
      <span class="leader" aria-hidden="true"></span>
      <span class=${classes("member-voice", !voice && "is-waiting")} title=${voice?.traits || undefined}>${voice ? voice.name : messages.voiceWaiting}</span>
    </p>
    <p class="member-about">${[about, voice?.traits].filter(Boolean).join(" · ")}</p>
  </li>`;
}
