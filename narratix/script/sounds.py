"""The sounds that the rules know by the words that make them; every name is one that the effects engines can render.

In a pattern a blank stands for any blanks, `~` for up to two words between, and `D` for an article or a possessive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effect:
    """A sound: its prompt, its weight (how much a listener misses it), and the words that make it."""

    prompt: str
    weight: float
    pattern: str
    stems: str
    """Parts of words; without any of them in a paragraph, the pattern cannot be in it."""
    lasting: bool = False


# fmt: off
EFFECTS: Final[Mapping[str, Effect]] = {
    # the finer sounds stand before the plainer ones whose words they share
    "thunder": Effect("a rolling clap of thunder", 1.0,
        r"thunder(?:clap)?s? ~(?:rolled|crashed|growled|boomed|rumbled|broke|cracked|roared|pealed|echoed|muttered|rattled|burst)|"
        r"(?:clap|peal|crash|crack|roll|rumble|roar|growl|burst)s? of (?:distant )?thunder|it thundered|thunderclaps?|the thunder", "thunder"),
    "blizzard": Effect("a blizzard howling with driven snow", 0.85,
        r"(?:blizzard|snow-?storm) ~(?:howled|raged|shrieked|roared|blew|screamed|struck|burst|whirled)|(?:howling|raging) (?:blizzard|snow-?storm)", "blizzard snow", True),
    "storm": Effect("a storm of wind and rain", 0.85,
        r"(?:storm|tempest|hurricane) ~(?:broke|burst|raged|roared|howled|struck|blew|shrieked)(?! out)|(?:howling|raging) (?:storm|tempest)|"
        r"(?:roar|fury|howling) of the (?:storm|tempest)", "storm tempest hurricane", True),
    "gunshot": Effect("a single gunshot with a short echo", 1.0,
        r"(?:gun|pistol|rifle|musket)?shots? (?:rang|rung|cracked|echoed|sounded|was fired|were fired)|(?:gun|pistol|rifle|revolver|musket|shotgun)s? "
        r"~(?:went off|fired|cracked|barked|roared|boomed|spoke|spat)|fired (?:(?:D|two|three|both|off|another|several|again|point-blank) ){1,2}(?:\w+ )?"
        r"(?:gun|pistol|rifle|revolver|musket|shots?|barrels?|volley)|(?:pistol|gun|rifle|revolver|musket)s? and (?:had )?fired|(?:fired|firing|shot) (?:twice|thrice|at (?:him|her|me|them|us|D))\b|"
        r"reports? of (?:D )?(?:\w+ )?(?:gun|pistol|rifle|revolver|musket|shot)s?|pistol[- ]shots?|gunshots?(?! wound)|(?:volley|rattle) of (?:shots|musketry|rifles)|"
        r"pulled the trigger|(?:heard|was|came|rang out) (?:D )(?:\w+ )?shots?\b(?! of)", "gun pistol rifle musket revolver shot fired firing trigger barrel"),
    "explosion": Effect("a deep explosion", 1.0,
        r"(?:bombs?|shells?|powder|magazine|mine|boiler|grenade|dynamite) ~(?:exploded|burst|blew up|went up)|cannons? ~(?:boomed|roared|thundered|fired|crashed)|"
        r"(?:boom|roar|thunder) of (?:D )?(?:\w+ )?(?:cannons?|guns|artillery)|(?:deafening|terrific|tremendous|loud|violent|muffled|dull) explosion(?! of (?:oaths|laughter|rage|mirth|applause))|"
        r"(?:exploded|blew up) with D|there was an explosion|(?:with|there was) a (?:\w+ )?blast the", "explo burst blew cannon artillery blast guns went"),
    "glass": Effect("glass breaking and falling on a hard floor", 0.95,
        r"(?:glass(?:es)?|window|bottle|mirror|tumbler|goblet|pane|windowpane|decanter|vase|lamp|bowl|jar|crystal)s? ~(?:broke|shattered|smashed|crashed|splintered|shivered|burst into pieces)"
        r"|(?:broke|shattered|smashed) (?:D|one) (?:\w+ )?(?:glass|window|bottle|mirror|tumbler|goblet|pane|windowpane|decanter|vase|lamp)|"
        r"(?:crash|tinkle|smash|sound|shatter|shower|splinter|jingle)(?:ing)? of (?:broken |breaking |falling |shattered )?glass|(?:breaking|shattering|splintering) (?:of )?glass|(?:vase|glass|bottle|mirror|cup) ~(?:slipped|fell|dropped)[^.;!?]{0,50}(?:shattered|smashed|broke)", "glass window bottle mirror tumbler goblet pane decanter vase lamp bowl jar crystal"),
    "crash": Effect("a crash of things falling and breaking", 0.85,
        r"(?:tremendous|terrific|loud|great|sudden|deafening|resounding|splintering|mighty) crash|(?:with|heard|came|was) a crash|crash of (?:D )?(?:\w+ )?(?:crockery|china|plates|dishes|timber|wood|furniture|breaking)|"
        r"(?:crashed|came crashing|toppled|smashed) (?:down )?(?:to|on|upon|onto|through|into|over)? ?D (?:\w+ )?(?:floor|ground|stairs|deck|pavement|stones|table|roof|wall)|(?:chair|table|shelf|ladder|tray|tree) ~crashed", "crash toppled smash"),
    "knock": Effect("knuckles knocking on a wooden door", 0.95,
        r"knock(?:ed|s|ing)? ~(?:at|on|upon|against) D (?:\w+ ){0,2}(?:door|gate|window|panel|wall|shutter|pane)|(?:a|another|the|two|three|loud|several) (?:\w+ )?"
        r"(?:knocks?|raps?|taps?|tapping|knocking|rapping|hammering) (?:at|on|upon|came|sounded|was heard|fell|startled|interrupted)|(?:tapped|rapped|hammered|pounded|thumped|beat|banged|drummed) "
        r"~(?:at|on|upon) D (?:\w+ ){0,3}(?:door|gate|window|panel|wall|shutters?)|there (?:was|came) a (?:\w+ )?(?:knock|rap|tap)(?:ping|ing)?\b|(?:knocked|rapped) (?:again|twice|thrice|three times|loudly|softly|gently)", "knock rap tap hammer pounded thump beat bang drummed"),
    "slam": Effect("a door slammed shut", 0.85,
        r"(?:slammed|banged) (?:D )(?:\w+ ){0,2}(?:doors?|gate|lid|window|shutter)|(?:door|gate|lid|shutter|window)s? ~(?:slammed|banged|crashed shut|clanged)|"
        r"(?:slam|bang|slamming|banging) of (?:D )?(?:\w+ )?(?:doors?|gate|shutters?)", "slam bang clanged shut"),
    "creak": Effect("a slow creak of old wood", 0.75,
        r"(?:floor-?boards?|boards?|stairs?|steps?|hinges?|planks?|timbers|bed|chair|gate|floor|ladder|branches) ~(?:creaked|creaking|squeaked|squealed|groaned|cracked)|"
        r"(?:creak|creaking|squeak|groan) of (?:D )?(?:\w+ )?(?:floor-?boards?|boards?|stairs?|hinges?|planks?|timbers|door|gate|floor|shoes|boots)|(?:creaking|squeaking) (?:floor-?board|stair|hinge|door|gate)s?|(?:heard|gave|came) a (?:\w+ )?creak", "creak squeak squeal groan cracked"),
    "door": Effect("a heavy wooden door opening and closing", 0.8,
        r"(?:doors?|gates?) ~(?:opened|shut|closed|creaked|burst open|flew open|swung|flung open|thrown open|clicked|opening|closing)|"
        r"(?:opened|shut|closed|unlocked|locked|unbolted|bolted|flung open|threw open|pushed open|burst open|pulled open|kicked open|burst through|wrenched open) "
        r"D (?:\w+ ){0,2}(?:door|gate)s?|(?:opening|closing|shutting) of (?:D )?(?:\w+ )?door|heard (?:D )(?:\w+ )?door (?:open|close|shut|slam)", "door gate"),
    "handbell": Effect("a small bell ringing", 0.85,
        r"(?:door-?bell|hand-?bell|shop[- ]bell|little bell|small bell|sleigh-?bells?|house-?bell|front-?door bell|dinner-?bell) ~(?:rang|rung|tinkled|jingled|jangled|sounded|pealed|clanged|ringing)|"
        r"(?:pulled|rang|rung|jerked|touched) (?:at )?D (?:\w+ )?(?:door-?bell|hand-?bell|bell-?rope|bell-?pull|bell)|(?:tinkle|jingle|tinkling|jingling) of (?:D )?(?:\w+ ){0,2}bells?|bells? ~(?:tinkled|jingled|jangled)|(?:a|the) ring (?:at|of) (?:the )?(?:\w+ )?(?:door-?)?bell", "bell ring"),
    "bell": Effect("a bell tolling", 0.9,
        r"bells? (?:of D (?:\w+ )?)?~(?:rang|rung|tolled|pealed|clanged|sounded|chimed|boomed|ringing|tolling|pealing|(?:began|begun) to (?:toll|ring|peal|sound|chime))|"
        r"tolled (?:D )(?:\w+ )?bell|(?:tolling|ringing|clang|clangour|peal|sound|toll|boom) of (?:D )?(?:\w+ ){0,2}bells?", "bell"),
    "chime": Effect("an old clock striking the hour", 0.9,
        r"clocks? ~(?:struck|strikes|chimed|tolled|boomed|striking|chiming|began to strike)|(?:chimes?|chiming|striking|strokes?) of (?:D )?(?:\w+ ){0,2}(?:clock|midnight|twelve|noon)|"
        r"(?:struck|striking) (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|midnight|noon|the (?:hour|half[- ]hour|quarter))\b(?! (?:blows?|matches|times|men|of))|chimed the (?:hour|half|quarter)", "clock chim strik struck stroke"),
    "clock": Effect("a clock ticking", 0.7,
        r"(?:clock|watch)(?:es)? ~(?:ticked|ticking)|tick(?:ing|-?tock)? of (?:D )?(?:\w+ ){0,2}(?:clock|watch|timepiece)", "tick"),
    "whistle": Effect("a long whistle of steam", 0.85,
        r"(?:locomotive|train|engine|steamer|tug|factory|ship) ~(?:whistled|hooted|gave (?:D )(?:\w+ )?whistle|blew its whistle)|whistle ~(?:blew|shrieked|screamed|sounded)|"
        r"(?:fog-?horn|siren of the ship|ship's horn|steam-?whistle) ~(?:blared|sounded|blew|bellowed|moaned|hooted|shrieked)|(?:blast|shriek|scream|sound) of (?:D )?(?:\w+ )?(?:steam-?whistle|whistle|fog-?horn)|whistle of (?:D )?(?:\w+ )?(?:train|locomotive|engine|steamer)", "whistle hoot horn siren blast"),
    "train": Effect("a steam train passing", 0.9,
        r"(?:trains?|locomotive|express) ~(?:roared|rumbled|thundered|rattled|rushed|rolled|puffed|pulled (?:in|out|into)|steamed|screeched|started|clattered|chugged|drew (?:in|into|out))|"
        r"(?:rumble|roar|clatter|thunder|rattle) of (?:D )?(?:\w+ )?(?:train|locomotive|express)", "train locomotive express"),
    "engine": Effect("a motor engine starting", 0.75,
        r"(?:engines?|motors?|motor-?cars?|automobile|truck|lorry|car) ~(?:roared|started up|purred|coughed|throbbed|spluttered|screeched|revved|hummed|rumbled|drove up|chugged|whirred)|(?:roar|hum|throb|purr|drone|sound) of (?:D )?(?:\w+ )?(?:motors?|engines?|motor-?car|aeroplane)", "engine motor automobile truck lorry car"),
    "siren": Effect("a siren wailing", 0.85, r"sirens? ~(?:wailed|howled|shrieked|sounded|screamed|blared|wailing)|(?:wail|scream|howl|sound) of (?:D )?(?:\w+ )?sirens?", "siren"),
    "telephone": Effect("a telephone ringing", 0.9, r"(?:tele)?phone ~(?:rang|rung|buzzed|shrilled|ringing|began to ring|jangled)|telephone bell", "phone"),
    "carriage": Effect("a horse-drawn carriage rolling over cobbles", 0.75,
        r"(?:carriage|coach|cab|wagon|waggon|cart|hansom|chaise|wheels|omnibus|brougham|dog-?cart|fly) ~(?:rattled|rolled|rumbled|clattered|drove up|crunched|drew up|rattling|rumbling|jolted|creaked)|"
        r"(?:sound|rattle|rumble|noise|roll|rolling|grinding|crunch) of (?:D )?(?:\w+ ){0,2}(?:wheels|carriages?|coach|cab|waggons?|wagons?)", "carriage coach cab wagon waggon cart hansom chaise wheels omnibus brougham fly"),
    "gallop": Effect("horses galloping", 0.85,
        r"(?:galloped|cantered|galloping) (?:up|down|away|along|off|past|across|through|into|towards?|after|back|over|furiously|madly)|(?:horses?|riders?|horsemen|cavalry|mare|stallion) ~(?:galloped|cantered|thundered|galloping)|(?:sound|thunder|noise) of (?:\w+ )?gallop(?:ing)?|at (?:a|full) gallop", "gallop canter riders horsemen cavalry horse mare stallion"),
    "horse": Effect("a horse neighing and stamping", 0.8,
        r"(?:horses?|mare|pony|ponies|stallion|mule|nag|steed) ~(?:neighed|whinnied|trotted|snorted|pranced|reared|stamped|pawed)|(?:sound|clatter|beat|thud|tramp|clop|ring|trampling|noise|pounding|drumming) of "
        r"(?:\w+ |D ){0,2}(?:hoofs|hooves|hoof-?beats|horses)|(?:hoofs|hooves) ~(?:clattered|rang|thudded|drummed|clopped|pounded|beat|struck)|hoof-?beats|trotted (?:up|down|away|along|off|past|across)", "horse mare pony ponies stallion mule nag steed hoof hoov trotted"),
    "footsteps in snow": Effect("boots crunching in deep snow", 0.8, r"snow ~(?:crunched|creaked|squeaked|crackled)|(?:trudged|tramped|waded|ploughed|plodded) (?:on |along )?(?:through|across|over) (?:D )?(?:\w+ )?snow|crunch(?:ing)? of (?:D )?snow", "snow"),
    "footsteps on gravel": Effect("footsteps crunching on gravel", 0.8, r"(?:gravel|pebbles|shingle|leaves|twigs|cinders) ~(?:crunched|crackled|rustled under|crackling)|(?:steps?|feet|boots|footsteps|crunch|tread) (?:\w+ )?(?:on|over|of) (?:D )?gravel", "gravel pebbles shingle leaves twigs cinders"),
    "running": Effect("feet running", 0.75,
        r"(?:came|went|heard ~|was|were|somebody|someone) running (?:up|down|along|across|towards?|after|into|out|through|over)|(?:ran|rushed|raced|dashed|tore|pelted|hurried|clattered|bounded|scampered) (?:up|down|along|across) (?:D )(?:\w+ ){0,2}(?:stairs?|stair-?case|steps|corridor|passage|street|hall|road|lane|path|deck|hill)|"
        r"(?:ran|rushed|raced|dashed|clattered) (?:up|down)-?stairs|(?:running|flying|scampering|hurrying) (?:feet|footsteps|steps)|patter of (?:\w+ )?feet", "run ran rushed raced dashed tore pelted hurr clattered bounded scampe flying patter"),
    "footsteps": Effect("footsteps on a wooden floor", 0.75,
        r"(?:foot-?steps?|foot-?falls?|steps) ~(?:approached|sounded|echoed|echoing|came|rang|died away|passed|receded|hurried|drew near|crossed|creaked|stopped|were heard|retreated|paused|descended)|"
        r"(?:sound|tread|tramp|noise|echo|shuffle|shuffling|thud) of (?:\w+ |D ){0,2}(?:foot-?steps|steps|feet|boots|foot-?falls?)|heard (?:\w+ ){0,3}"
        r"(?:footsteps|footfalls?|steps)|foot(?:steps?|falls?) (?:on|in|upon|outside|behind|along|overhead|above)|"
        r"(?:heavy|quick|light|stealthy|slow|hurried|firm) (?:foot-?steps?|tread)\b|paced (?:up and down|to and fro|back and forth|the (?:floor|room|deck))|(?:tramped|shuffled|stamped|clumped|stumped) (?:up|down|along|across|out|in|into|away)", "step footfall feet boots tread paced tramped shuffle stamped clumped stumped"),
    "rain": Effect("steady rain", 0.8,
        r"(?:rain|drizzle|shower|downpour|sleet|hail) ~(?:fell|poured|beat|beating|pattered|pattering|lashed|lashing|drummed|drumming|streamed|dripped|began|came down|drove|falling|swept|splashed|hammered|rattled|pelted|was falling)|"
        r"it (?:was (?:still |now )?(?:raining|pouring|drizzling)|rained|began to rain|poured)\b(?! (?:invitations|blows|letters))|(?:patter|sound|drumming|beat|splash|hiss|noise|swish|rush|beating) of (?:D )?(?:\w+ )?rain|"
        r"(?:heavy|pouring|driving|pelting|steady|cold|drizzling|drenching|pelted by) rain\b|(?:in|through|into) the (?:\w+ )?rain\b", "rain drizzl shower downpour sleet hail poured pouring", True),
    "wind": Effect("wind howling around a house", 0.75,
        r"(?:wind|gale|breeze|gusts?) ~(?:howled|blew|moaned|whistled|sighed|roared|shrieked|screamed|rose|rushed|raged|blowing|howling|swept|wailed|rattled|sobbed|whined|moaning|whistling|shook|tore)|"
        r"(?:gusts?|howl(?:ing)?|moan(?:ing)?|roar(?:ing)?|sigh(?:ing)?|whistling|blast|shriek|rush|sough) of (?:D )?(?:\w+ )?wind|howling (?:wind|gale)", "wind gale breeze gust", True),
    "fire": Effect("a crackling fire", 0.7,
        r"(?:bon-?fire|camp-?fire|fire|flames?|logs?|blaze|embers) ~(?:crackled|roared|blazed|crackling|hissed|leaped|leapt|burned brightly|spat|burst|roaring|blazing|snapped|sputtered|crackles)|crackling (?:fire|logs|flames)|"
        r"(?:crackl(?:e|ing)|roar(?:ing)?|hiss(?:ing)?) of (?:D )?(?:\w+ )?(?:fire|flames|logs|blaze|embers)|(?:roaring|blazing) (?:\w+ )?fire", "fire flame log blaze embers", True),
    "splash": Effect("a splash in water", 0.7,
        r"(?:with|heard|was|came) (?:D )(?:\w+ )?splash|splashed (?:into|through|in|about|across|down)|(?:plunged|dived|dove|leaped|leapt|jumped|fell|sprang|tumbled) (?:headlong |head first |overboard )?(?:into|in) the (?:\w+ )?(?:water|river|sea|lake|stream|pool|pond|brook|moat|canal)|(?:splash|splashing|dip) of (?:D )?(?:\w+ )?(?:oars?|paddles?|water)|fell overboard|jumped overboard", "splash plunge dive dove leap jumped fell sprang tumbled dip"),
    "drip": Effect("water dripping", 0.6, r"(?:water|moisture|blood|rain-?drops|tap|melting snow|eaves) ~(?:dripped|dripping|trickled)|(?:drip|dripping|drops?) of (?:D )?(?:\w+ )?(?:water|tap|eaves)\b(?= (?:fell|broke|could|from|echoed|on))", "drip drop trickled"),
    "sea": Effect("waves breaking on a shore", 0.8,
        r"(?:waves?|surf|breakers?|billows|tide|sea|swell|surges?) ~(?:broke|crashed|rolled|lapped|beat|boomed|roared|dashed|thundered|washed|breaking|lapping|rippled|pounded|roaring|slapped|moaned|murmured)|"
        r"ripple lapping|(?:roar(?:ing)?|sound|murmur|wash|boom(?:ing)?|splash|thunder|beat|lapping|lap) of (?:D )?(?:\w+ )?(?:sea|surf|waves|breakers|ocean|tide|billows)", "wave surf breaker billow tide sea swell surge ripple ocean", True),
    "stream": Effect("a stream running over stones", 0.6,
        r"(?:streams?|brook|river|fountain|water|waterfall|cascade|torrent|creek|rivulet|spring) ~(?:gurgled|babbled|splashed|murmured|gushed|rippled|splashing|babbling|gurgling|murmuring|roared|rushed|bubbled)|(?:trickle|gurgle|gurgling|sound|murmur|babble|babbling|rush|roar|splash(?:ing)?|plash) of (?:D )?(?:\w+ )?(?:water|brook|stream|river|fountain|torrent|waterfall)", "stream brook river fountain water cascade torrent creek rivulet spring", True),
    "birds": Effect("birds singing in the morning", 0.5,
        r"(?:birds?|larks?|nightingales?|robins?|thrush(?:es)?|sparrows?|blackbirds?|finch(?:es)?|cuckoo|swallows?|linnets?) ~(?:sang|sung|chirped|twittered|warbled|trilled|singing|chirping|carolled|called|piped|whistled|twittering|sings)|"
        r"(?:song|songs|singing|twitter(?:ing)?|chirp(?:ing)?|notes?|carol(?:ling)?|warbling) of (?:D )?(?:\w+ )?(?:birds?|larks?|nightingale|thrush|robin|blackbird)|bird-?song", "bird lark nightingale robin thrush sparrow finch cuckoo swallow linnet", True),
    "owl": Effect("an owl hooting at night", 0.65, r"owls? ~(?:hooted|hooting|screeched|called|cried|shrieked|screeching)|(?:hoot(?:ing)?|cry|screech) of an? (?:\w+ )?owl", "owl"),
    "crickets": Effect("crickets at night", 0.5, r"(?:crickets?|cicadas?|grasshoppers?|insects) ~(?:chirped|chirping|sang|shrilled|hummed|chirruped|singing|shrilling|droned)|(?:chirp(?:ing)?|song|hum|shrilling) of (?:D )?(?:\w+ )?(?:crickets?|cicadas?|grasshoppers?|insects)", "cricket cicada grasshopper insect", True),
    "wolf": Effect("wolves howling far away", 0.85, r"wol(?:f|ves) ~(?:howled|howling|bayed|howl|(?:began|begun) to howl|set up)|(?:howl(?:s|ing)?|cry|baying) of (?:D )?(?:\w+ )?wol(?:f|ves)", "wolf wolves"),
    "dog": Effect("a dog barking", 0.75,
        r"(?:dogs?|hounds?|mastiff|terrier|puppy|spaniel|collie|cur|bulldog|retriever|greyhound|poodle) ~(?:barked|howled|growled|bayed|barking|yelped|whined|snarled|barks|growling|howling|yelping|(?:began|begun) to (?:bark|howl|growl|bay|whine))|(?:bark(?:ing|s)?|howl(?:ing)?|baying|yelp(?:ing|s)?|growl(?:ing)?) of (?:D )?(?:\w+ )?(?:dogs?|hounds?|mastiff|terrier)", "dog hound mastiff terrier puppy spaniel collie cur retriever poodle"),
    "cat": Effect("a cat mewing", 0.6, r"(?:cats?|kittens?|tabby|puss|tom-?cat) ~(?:mewed|purred|meowed|miaowed|hissed|yowled|purring|mewing|spat|miaowing)|(?:mew(?:ing)?|purr(?:ing)?|miaow(?:ing)?) of (?:D )?(?:\w+ )?(?:cat|kitten)", "cat kitten tabby puss"),
    "applause": Effect("an audience clapping", 0.8,
        r"(?:burst|broke|outburst|storm|round|thunder|roar|volley)s? (?:out )?(?:in|into|of) (?:\w+ )?applause|(?:audience|crowd|house|gallery|spectators|everybody|everyone|they all|people|company) ~(?:applauded|clapped)|clapped (?:their|his|her|my) hands|applause ~(?:rang|broke|burst|followed|greeted)", "applau clapped"),
    "crowd": Effect("a crowd murmuring and calling", 0.65,
        r"(?:crowd|mob|throng|multitude|rabble|people) ~(?:roared|cheered|murmured|shouted|shouting|yelled|surged|gasped|screamed|hooted|applauded|cried|roaring|cheering|howled|yelling|muttered|jeered)|(?:murmur|roar|shouts?|cries|hum|noise|buzz|cheers?|babble|clamour|yells?|howls?) "
        r"~(?:of|from) (?:the |a |many )?(?:\w+ )?(?:crowd|mob|multitude|throng|audience|voices|people)|hubbub", "crowd mob throng multitude rabble people audience voices hubbub", True),
    "heartbeat": Effect("a heart beating", 0.6, r"(?:heart|pulse)s? ~(?:pounded|pounding|thumped|thumping|hammered|hammering|throbbed|beat (?:fast|hard|loud|loudly|wildly|violently|furiously|quickly|thick|so)|beating (?:fast|hard|loudly|wildly|violently)|thudded|thudding|knocked|was beating)|(?:beating|throbbing|thumping|pounding) of (?:D )(?:own )?heart", "heart pulse"),
    "breathing": Effect("heavy breathing", 0.55, r"(?:panting|gasping|gasped|panted) (?:for breath|for air)|(?:breath|breathing) ~(?:coming|came) (?:\w+ )?in (?:\w+ )*?(?:gasps|sobs|pants|jerks)|(?:heavy|laboured|hoarse|loud|heard ~) breathing|breathed (?:heavily|hard|loudly|stertorously)|(?:lay|stood|sat|stopped|leaned|came|ran) (?:there )?(?:panting|gasping)|out of breath and", "breath panting gasp"),
    "whip": Effect("the crack of a whip", 0.8, r"(?:cracked|snapped|flourished and cracked) D (?:\w+ )?(?:whip|lash)|(?:whip|lash) ~(?:cracked|whistled|sang|fell|came down|snapped|descended)|(?:crack|cracking|swish|snap) of (?:D )?(?:\w+ )?(?:whips?|lash)|lashed (?:D )(?:horses?|mules?|team|ponies|pony)", "whip lash"),
    "scuffle": Effect("men fighting hand to hand", 0.75,
        r"(?:men|boys|pair|two|they|we|soldiers|sailors) ~(?:wrestled|grappled|struggled together|fought hand to hand|exchanged blows|came to blows)|(?:sound|noise) of (?:a |the )?(?:\w+ )?(?:scuffle|struggle|blows|fighting)|(?:there was|heard|followed) a (?:\w+ )?(?:scuffle|tussle)|(?:fists?|blow) ~(?:thudded|thudding|crashed|landed)|(?:struck|hit|punched|knocked) (?:him|her|me|the (?:man|fellow|boy)) (?:\w+ )*?(?:in the face|on the jaw|on the nose|down|in the chest|over the head)", "wrestled grappled struggle hand blow scuffle fighting tussle fist struck hit punched knocked"),
    "coin": Effect("coins clinking", 0.7, r"coins?,? ~(?:clinked|jingled|rattled|chinked|rang|clinking|tinkled)|(?:clink|chink|jingle|ring|rattle|clinking|jingling) of (?:D )?(?:\w+ )?(?:coins?|money|gold|silver|guineas)|(?:jingled|rattled|clinked|chinked) (?:D )(?:\w+ )?(?:coins|money|change|silver|gold)|(?:dropped|threw|flung|tossed|slapped|rang|poured) (?:D|down|some|two|three|half) (?:\w+ ){0,2}(?:of )?(?:coins?|pennies|sovereigns?|guineas?|shillings?|half-?crown|dollars|sixpence)", "coin money guinea gold silver change penn sovereign shilling crown dollar sixpence"),
    "sword": Effect("swords clashing", 0.9, r"(?:clash|ring|clang|clink|clashing) of (?:D )?(?:\w+ )?(?:steel|swords|blades|cutlasses|arms|sabres|rapiers)|(?:swords?|blades?|cutlass(?:es)?|rapiers?|sabres?|foils) ~(?:clashed|rang|met|crossed|clanged|whistled|flashed out)|steel rang|(?:drew|unsheathed|whipped out) D (?:\w+ )?(?:sword|rapier|sabre|cutlass)", "sword steel blade cutlass arms sabre rapier foil"),
    "chain": Effect("chains rattling", 0.75, r"(?:chains?|fetters|shackles|keys|irons|manacles|anchor-?chain) ~(?:rattled|clanked|rattling|clanking|jingled|jangled|clinked|clattered)|(?:clank(?:ing)?|rattl(?:e|ing)|jingl(?:e|ing)|clink|jangle|clatter) of (?:D )?(?:\w+ )?(?:chains?|fetters|keys|irons|shackles)|(?:rattled|jingled|jangled) (?:D )(?:\w+ )?(?:chain|keys)", "chain fetters shackles keys irons manacles"),
    "paper": Effect("paper rustling", 0.5, r"(?:papers?|pages?|leaves of the book|newspaper|parchment|letter) ~(?:rustled|crackled|rustling|crinkled)|(?:rustle|rustling|crackle|crackling|scratch) of (?:D )?(?:\w+ )?(?:papers?|pages|newspaper|parchment)|(?:tore|ripped) (?:open )?(?:D )(?:\w+ )?(?:letter|paper|envelope|page|note|telegram|sheet)|(?:rustled|crumpled|unfolded|shuffled|turned over|crushed) (?:D )(?:\w+ )?(?:papers?|letter|page|newspaper|pages|note)", "paper page leaves letter parchment envelope note telegram sheet"),
    "drum": Effect("drums beating", 0.8, r"drums? ~(?:beat|rolled|sounded|throbbed|beating|rolling|boomed|rattled)|(?:beat(?:ing)?|roll(?:ing)?|sound|tap|throb|tattoo|rub-a-dub) of (?:D )?(?:\w+ )?drums?|drummers? ~(?:beat|beating|was beating|struck up)", "drum rub-a-dub"),
    "ship": Effect("a ship's timbers and the water along the hull", 0.6, r"(?:timbers|masts?|spars|rigging|hull|cordage|planks) (?:of the (?:\w+ )?(?:ship|vessel|boat|schooner) )?~(?:groaned|creaked|strained|creaking|groaning)|(?:ship|vessel|schooner|boat|brig|hull) ~(?:rolled|pitched|creaked|groaned|lurched|heaved|creaking)|(?:creak(?:ing)?|groan(?:ing)?) of (?:D )?(?:\w+ )?(?:ship|timbers|masts?|rigging|oars|spars|rowlocks)", "timber mast spar rigging hull cordage plank ship vessel schooner boat brig oars rowlocks", True),
}
# fmt: on

_GAP = r"(?:[\w'’-]+,?\s+){0,2}?"
_DETERMINER = r"(?:the|an?|his|her|its|their|my|our|your|one|another|that|this|some|every)"


def compiled() -> Mapping[str, tuple[tuple[str, ...], re.Pattern[str]]]:
    """The stems and the pattern of every effect; words of a phrase may stand on two lines of a wrapped text."""
    return {
        name: (tuple(effect.stems.split()), re.compile(rf"\b(?:{_words(effect.pattern)})(?![\w-])", re.IGNORECASE))
        for name, effect in EFFECTS.items()
    }


def _words(pattern: str) -> str:
    words = re.sub(r"\bD\b", lambda _: _DETERMINER, pattern)
    words = words.replace("[- ]", r"[-\s]").replace("~", _GAP).replace(" ", r"\s+")
    return words.replace(r"\s+?", r"\s*")
