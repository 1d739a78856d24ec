"""Words that the rules know: verbs of speech, titles, people, and words that begin with a capital without naming anyone."""

from __future__ import annotations

from typing import Final

from narratix.events.catalogue import Gender
from narratix.honorifics import HONORIFICS

Sex = Gender
"""What a word tells of whoever it means; a role of the cast has a gender."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SPEECH_VERBS: Final = _words("""
    said say says saying asked ask asks asking replied reply replies replying answered answer answers answering cried cry
    cries crying exclaimed exclaim exclaims exclaiming shouted shout shouts shouting whispered whisper whispers whispering
    muttered mutter mutters muttering murmured murmur murmurs murmuring called call calls calling added add adds adding
    continued continue continues remarked remark remarks remarking observed observe observes returned returns rejoined
    rejoins retorted retort retorts responded responds inquired inquire inquires enquired enquire enquires demanded demand
    demands declared declare declares announced announce announces began begins begun begin begged beg begs pleaded plead
    pleads pled growled growl growls grumbled grumble grumbles groaned groan groans moaned moan moans sighed sigh sighs
    sobbed sob sobs gasped gasp gasps panted pant pants screamed scream screams shrieked shriek shrieks yelled yell yells
    roared roar roars bellowed bellow bellows hissed hiss hisses snapped snap snaps snarled snarl snarls barked
    laughed laugh laughs chuckled chuckle chuckles giggled giggle giggles smiled sneered sneer sneers scoffed scoffs
    stammered stammer stammers stuttered faltered falter falters mumbled mumble mumbles repeated repeat repeats
    echoed echo echoes interrupted interrupt interrupts interposed interposes intervened protested protest protests
    objected object objects insisted insist insists suggested suggest suggests proposed urged urge urges explained explain
    explains thought thinks mused muses reflected wondered wonders ejaculated ejaculates quoth quavered drawled
    drawls piped pipes squeaked squealed wailed wails whimpered whined whines whooped
    commanded commands ordered orders directed assented agreed agrees admitted admits confessed confesses conceded allowed
    acknowledged affirmed assured assures asserted averred maintained stated told promised vowed swore swears
    warned warns cautioned threatened threatens advised counselled coaxed entreated implored besought appealed
    boasted bragged commented comments concluded concludes corrected counted croaked crowed concurred blurted
    boomed breathed breathes bawled bleated chanted chimed choked chorused cooed cursed finished grunted grunts greeted
    hailed hazarded hinted hollered howled intoned jeered joked mocked nodded noted offered
    opined ordained persisted pondered prayed proclaimed pronounced pursued queried questioned quipped quoted raged
    reasoned recited recalled reminded resumed resumes revealed scolded sang sings sniffed snorted spluttered sputtered
    spoke speaks speak speaking started stormed teased thundered trilled uttered ventured ventures volunteered went goes
    apologized apologised apostrophized soliloquized soliloquised vociferated submitted supplied rasped rumbled
    simpered reported reports remonstrated rebuked reproached lied lisped lamented twittered yawned
    put mouthed hesitated hesitates challenged prompted guessed jested chided taunted declaimed proceeded informed
    reassured comforted soothed fumed coughed purred crooned screeched trumpeted countered parried amended qualified
    mimicked interjected inserted asseverated contended argued expostulated reproved charged confided
""")
"""Verbs that can stand beside a speech. Weak ones (smiled, went, put, started) count only next to its marks."""

SURE_VERBS: Final = _words("""
    said says say asked asks replied replies answered answers cried cries exclaimed shouted whispered muttered murmured
    remarked rejoined retorted responded inquired enquired demanded declared announced
    growled grumbled gasped screamed shrieked yelled hissed stammered mumbled interrupted protested insisted
    suggested explained ejaculated quoth drawled sighed added continued observed returned repeated
""")

VERBS: Final = _words("""
    bent bowed broke brought came caught comes drew drove fell felt flung found gave gives goes got grew heard held hung
    kept knew laid lay leaned leant led left let looked looks made met nods paid put ran rang read rode rose sank sat
    saw sent set shakes shook shot shrank shut sits smiles sprang spun stands stood struck stuck swung takes threw took
    turned turns understood went wept woke won wore
""")
"""What people do, in forms that do not end in "ed"."""

FEMALE_TITLES: Final = _words(
    "mrs miss ms lady madam madame mme mademoiselle mlle aunt auntie queen princess duchess countess baroness sister "
    "mother grandmother granny goodwife empress mistress dame missus missis fraulein fräulein señora signora frau widow marchioness mother-in-law nurse mommy"
)
MALE_TITLES: Final = _words(
    "mr sir lord uncle king prince duke count baron brother father grandfather monsieur emperor squire herr señor signor "
    "don captain capt colonel col general gen major maj lieutenant lt sergeant sgt corporal admiral commodore commander "
    "inspector constable parson reverend rev bishop deacon vicar earl marquis friar monk abbot pope esquire master mister mester farmer shepherd dairyman viscount superintendent marshal sheriff "
    "gaffer goodman signor"
)
PLAIN_TITLES: Final = _words(
    "dr doctor professor prof judge justice president senator governor mayor detective officer cousin private nurse "
    "comrade chief saint st old young little poor dear good long"
)
ADJECTIVE_TITLES: Final = _words("old young little poor dear good big fat mad great long")
TITLES: Final = FEMALE_TITLES | MALE_TITLES | PLAIN_TITLES
ABBREVIATED_TITLES: Final = frozenset(map(str.lower, HONORIFICS)) | _words("jr sr")

FEMALE_PEOPLE: Final = _words("""
    woman girl lady mother wife daughter sister aunt grandmother queen princess duchess countess widow maid housemaid
    housekeeper governess nurse mistress hostess landlady niece bride witch nun actress waitress heroine goddess madam maiden
    damsel matron granny mamma mama mom mommy mum schoolgirl lass lassie sweetheart stepmother dame crone milkmaid
    spinster seamstress sorceress priestess empress fairy grandma cook lady's-maid women girls ladies daughters sisters
    female gentlewoman housewife barmaid abbess
""")
MALE_PEOPLE: Final = _words("""
    man boy gentleman father husband son brother uncle grandfather king prince duke count baron earl lord lad fellow youth
    captain sailor soldier policeman constable sergeant inspector colonel general major lieutenant priest parson vicar
    clergyman minister bishop monk butler footman valet coachman groom landlord host waiter barber farmer blacksmith carpenter
    miller butcher fisherman fireman postman salesman workman woodsman huntsman nobleman madman seaman boatman cabman
    tradesman squire hermit wizard nephew bridegroom chap papa dad daddy pa schoolboy guard porter giant
    knight emperor bachelor commissionaire undertaker sexton friar hunter warrior chieftain bailiff sheriff cowboy
    baronet foreman watchman driver conductor mate boatswain cabin-boy urchin grandpa men boys gentlemen brothers sons
    corporal waggoner headmaster ensign male
""")
PLAIN_PEOPLE: Final = _words("""
    child baby doctor teacher master schoolmaster stranger visitor guest servant lawyer attorney judge professor student pupil
    clerk secretary merchant shopkeeper grocer baker tailor shepherd traveller traveler passenger neighbour neighbor
    friend companion cousin parent prisoner thief robber pirate beggar beast creature ghost spirit voice spokesman
    speaker leader chief officer detective reporter editor author artist painter poet musician singer actor dancer
    engineer pilot robot android machine computer dragon wolf fox bear cat dog horse raven crow owl mouse rabbit hare
    tortoise turtle frog caterpillar gryphon duck parrot bird lion tiger monkey rat snake spider donkey pony pig
    dormouse hatter dwarf elf troll goblin fairy angel devil demon mayor governor president senator barkeeper bartender
    innkeeper ferryman gardener keeper messenger herald page jailer executioner hangman scout guide
    native savage slave negro peasant labourer apprentice orphan patient client customer suitor lover rider horseman
    invalid newcomer intruder person figure other latter former crowd people children others elder eldest
    youngest younger oldest company everybody everyone somebody someone
""")
MOSTLY_MEN: Final = _words("""
    doctor master schoolmaster stranger visitor traveller traveler lawyer attorney judge professor clerk merchant shopkeeper grocer
    tailor shepherd robber pirate chief officer detective reporter editor author leader engineer pilot mayor governor
    president senator barkeeper bartender innkeeper ferryman gardener keeper messenger herald jailer executioner hangman
    scout guide savage rider horseman spokesman newcomer intruder suitor lover thief beggar
""")
"""Callings that tell no sex but were men's: of those in novels whom pronouns take up, nine of ten."""
_NOT_TRADES: Final = _words(
    "daughter mother sister reader number other murmur whisper letter answer teacher dancer singer flower creature laughter "
    "parent infant servant patient student tormentor attendant assistant"
)
_TRADES: Final = ("er", "or", "ist", "smith")
ANIMALS: Final = _words("""
    dragon wolf fox bear cat dog horse raven crow owl mouse rabbit hare tortoise turtle frog caterpillar gryphon duck parrot
    bird lion tiger monkey rat snake spider donkey pony pig dormouse beast machine computer
""")
"""Who can be told of at length and seldom speaks."""

PEOPLE: Final = FEMALE_PEOPLE | MALE_PEOPLE | PLAIN_PEOPLE

ARTICLES: Final = _words("the a an this that one another")
POSSESSIVES: Final = _words("his her my our their its your")
PREPOSITIONS: Final = _words(
    "of to at in on with by from for into upon over under about after before behind beside between against near past "
    "toward towards round around through like than without within off along across among beneath above"
)
AUXILIARIES: Final = _words(
    "had has have was were is are be been did does do would could should might must may can will shall having being"
)
ADVERBS: Final = _words(
    "then again now only just also still even soon aloud once at last presently suddenly never always here there thus "
    "together almost merely further too hastily not to himself herself myself itself themselves out up on back forth in "
    "all so more better who which that nothing evidently both"
)

DEMONYMS: Final = _words(
    "english french german spanish italian american british scotch scottish irish welsh dutch russian chinese indian greek swede "
    "roman dane turk"
)
"""Capitals that name somebody only where they are seen to speak: Irish, of the Flying U."""

NOT_NAMES: Final = _words("""
    i i'm i'll i've i'd oh o ah yes no well the a an this that these those there here then thus so but and or nor for if when
    while as at in on of to from by with without he she it we you they him her his its their our my your me us them who what
    which where why how now once all both each every some any many much most more such same other another one two three four
    five six seven eight nine ten hundred thousand first second third last next is are was were be been am do does did have has
    had can could may might must shall should will would not never none nothing nobody somebody someone anybody everybody
    everyone everything something anything let come go look see hear listen stop wait please thank thanks good bad dear sir
    ma'am madam lord lady god heaven heavens christ jesus lor la hush alas hallo hello hullo hey hi ho ha aha bah pooh tut
    hum hm ay aye nay indeed perhaps maybe certainly of-course sure surely really just only even still yet again too very quite
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december christmas easter spring summer autumn winter english french german spanish italian
    american british scotch scottish irish welsh dutch russian chinese indian european african roman greek latin
    england france germany spain italy america britain scotland ireland wales europe africa asia india london paris
    new-york york rome boston chicago chapter book part volume street road lane square avenue house hall park inn hotel
    church bible north south east west state states united town city county river lake sea ocean island mount bay
    about above across after against along although among around because before behind below beneath
    beside between beyond down during except inside into like near off onto out outside over past since through
    till toward towards under until unless up upon whether also always often sometimes soon later
    suddenly finally at-last presently meanwhile moreover however nevertheless therefore hence besides else instead
    got get give take make tell say said ask think know believe suppose want wish like hope mind
    what's that's it's there's here's who's don't won't can't couldn't wouldn't didn't isn't ain't 'tis 'twas
    time day night morning evening afternoon death life nature love fate fortune truth
    mr mrs miss ms dr sir
    poor old young little big great half whole upon two-three exactly precisely nonsense
    father's mother's goodness gracious bless damn
""") - {"may", "april", "june", "august", "march"}
"""Words that open a sentence or a line of speech with a capital and name nobody."""

_FEMALE_NAMES: Final = """
    abigail ada adela adele adelaide agatha agnes alexandra alice alicia alison amanda amelia amy andrea angela angelica anita
    ann anna annabel anne annette annie antonia arabella ashley audrey aurora ava barbara beatrice becky bella bertha beth betsy
    betty beulah blanche bonnie brenda bridget camilla carla carlotta carmen carol carolina caroline carrie catherine
    cathy cecilia cecily celia charlotte chloe christina christine clara clare clarissa claudia clementina constance
    cora cordelia cosette daisy daphne deborah delia della diana dinah dolly dora doris dorothea dorothy edith edna effie
    eileen elaine eleanor eliza elizabeth ella ellen elsa elsie emily emma erica esmeralda estella esther ethel eugenia eva
    evelina evelyn fanny felicia fiona flora florence frances francesca gabriella genevieve georgiana geraldine gertrude gillian
    gloria grace greta guinevere gwen gwendolen hannah harriet hazel heather helen helena henrietta hester hilda holly
    ida imogen ingrid irene iris isabel isabella isla ivy jane janet janie jean jemima jennifer jenny jessica jessie
    jill joan joanna josephine josie joyce judith judy julia juliana juliet justine kate katharine katherine kathleen kathy
    katie katrina katy kay kitty laura lavinia leah lena leonora letitia lettice lila lilian lillian lily linda lisa lizzie
    lois lola lorna louisa louise lucia lucilla lucinda lucy luna lydia mabel madeleine madeline madge maggie mamie
    margaret margery margot maria marian marianne marie marilla marina marion marjorie marta martha mary matilda maud maude
    maureen may maya meg melissa mercedes mercy mia mildred millicent millie mina minna minnie mira miranda miriam
    moira mollie molly mona monica muriel myra myrtle nadia nan nancy naomi natalie natasha nell nellie nelly nina nora norah
    norma olga olive olivia opal ophelia pamela pansy patience patricia patty paula pauline pearl peggy penelope penny
    phoebe phyllis polly portia priscilla prudence rachel rebecca regina rhoda rita roberta rosa rosalie rosalind rosamond
    rosamund rose rosemary rosie roxana ruby ruth sabrina sadie sally samantha sandra sara sarah scarlett selina sharon sheila
    shirley sibyl silvia sofia sonia sophia sophie stella stephanie sue susan susanna susannah susie suzanne sybil sylvia tabitha
    tamara tess tessa thea theodora theresa tilda tina topsy trixie una ursula valentina valerie vanessa vera veronica
    victoria vida viola violet virginia vivian wanda wendy wilhelmina willa winifred yvonne zara zelda zoe
    elena maya aisha fatima priya mei yuki ana lucía sofía chiara giulia ingrid freya nadine hailey madison kayla aaliyah
    riley zoey lea leila layla amina nora elise anya katya tatiana olga svetlana xiomara jo thea leonie lacie tillie marya heidi carlotta nana melanie antoinette estelle winnie
    adeline adelina albertine aline alma almira althea alvina amelie anastasia angelina angelique annabella annetta
    antonina araminta aurelia aurelie babette bathsheba belinda bernadette berenice bessie bessy betsey birdie brigitte
    calista carmela caterina catharine cathleen celeste celestine cecile charlotta christiana cicely clemence clementine
    cleopatra clotilde colette conchita consuelo corinna corinne cornelia cressida cynthia dagmar delphine desdemona
    dolores dorcas dorinda drusilla dulcie elfrida elisa elisabeth eloise elvira emeline emmeline ernestine essie
    ethelberta eudora eulalia eulalie euphemia eunice eveline evangeline fifine flavia flossie francine francoise
    frederica gabrielle georgette georgina gerda germaine gertie gisela giovanna gladys griselda gretchen gudrun hedwig
    hedda heloise henriette hepzibah hermia hermione hettie hetty hortense hulda ilse inez iphigenia isabelle isolde
    jacqueline jeanne jeannette jerusha joanne johanna juana juanita juliette keziah kirsten leontine letty lettie libby
    lilias lisbeth lisette livia lizzy lotte lottie lucette lucie lucretia ludmila luisa lulu magda magdalen magdalena
    magdalene mahala manon marcella marcelle margarita margherita marguerite mariana mariette marietta marjory martina
    mathilde mattie medora mehitable melinda milicent minerva mirabel nadezhda nadya nannette nanette nannie nettie
    ninette ninon octavia odette ottilie paulette paulina parthenia perdita pepita phebe philippa philomena polina
    pollie rahel ramona reba rebekah rosabel rosaline rosanna rosetta rosina rosita rowena sabina sallie salome selena
    seraphina serena seraphine sidonie sigrid simone solveig sonya sophronia sophy sukey susette suzette sybilla teresa
    therese theodosia thirza thomasina thora tilly trudy ulrica valeria vashti venetia verena victorine violetta
    virginie vivien wilma winnifred yolande yvette zenobia zerlina zillah zipporah zuleika
"""
_MALE_NAMES: Final = """
    aaron abel abraham adam adrian ahab alan albert aleck alec alex alexander alfred algernon allan allen ambrose amos andrew
    andy angus anthony antonio archibald archie arnold arthur aubrey augustus austin barnaby barney bartholomew basil
    ben benedict benjamin bernard bert bertie bertram bill billy bob bobby boris brian bruce bruno byron caleb calvin carl
    carlos cecil cedric charles charley charlie chester christopher clarence claude claudius clement clifford clive cornelius cyril
    cyrus damon dan daniel danny darcy dave david dean denis dennis derek desmond dexter dick dominic donald dorian douglas duncan
    dudley dustin earl ebenezer ed eddie edgar edmund eduardo edward edwin eli elias elijah elliot elmer emil enoch eric
    ernest erwin ethan eugene evan ezra felix ferdinand fergus finn francis frank franklin fred freddie freddy frederick
    gabriel gareth gary gaston geoffrey george gerald gerard gideon gilbert giles gordon graham gregory griffin guido gus guy hal
    hank hans harold harry harvey hector heathcliff henry herbert herman hiram homer horace horatio howard hubert huck huckleberry
    hugh hugo humphrey ian ichabod igor ira isaac ishmael ivan jabez jack jacob jacques jake james jamie jan jared jason jasper
    javier jed jeff jeffrey jem jeremiah jeremy jerome jerry jesse jim jimmy joe joel john johnny jonah jonathan jonas jose
    joseph josh joshua juan jude julian julius justin karl keith ken kenneth kevin kit lance lancelot larry laurence
    laurie lawrence leander lee lemuel leo leon leonard leopold leslie lester lewis linus lionel logan louis luca lucas lucian
    luke luther malcolm manuel marcel marcus mario mark marlow martin marvin matt matthew maurice max maximilian maxwell
    melvin merlin michael mickey miguel mike miles milo montague morris mortimer moses murray nathan nathaniel ned neil nelson
    nicholas nick nigel noah noel norman oliver orlando oscar osbert oswald otto owen pablo patrick paul pedro percival percy
    perry pete peter phil philip phillip phineas pierre piers pip quentin ralph randolph ray raymond reginald reuben rex
    richard rob robert robin roderick rodney roger roland rollo roman ronald rory ross roy rudolf rudolph rufus rupert russell
    sam sammy samson samuel saul sebastian seth seymour sherlock shane sid sidney siegfried silas simon solomon spencer stanley
    stefan stephen steve steven stuart sydney ted teddy terence terry theobald theodore thomas tim timothy titus toby
    tod tom tommy tony tristan troy ulysses uriah vernon victor vincent virgil vladimir wallace walter warren
    watson wesley wilbur wilfred will willem william willie willy winston woodrow zachary zeke mycroft curtis ogden
    liam aiden kai omar ali hassan ahmed mohammed raj arjun hiroshi kenji wei diego mateo santiago luis carlos
    dmitri sergei nikolai lars sven tyler brandon jordan ethan cal terence jock amory montraville stewart fitzwilliam
    adolphe alphonse anatole andre antoine armand auguste baptiste bertrand emile etienne fabrice fernand francois
    gaspard georges guillaume gustave henri hercule hippolyte jules lucien mathieu maxime michel octave pascal philippe
    raoul remy romain sylvain theophile toussaint urbain valentin xavier yves albrecht adolf anders axel bernhard bjorn
    christoph dietrich eberhard ernst erik friedrich fritz georg gottfried gregor gunther gustav harald heinrich hermann
    helmut holger jakob jens johann johannes josef kaspar klaus konrad kurt leif lorenz ludwig magnus manfred mathias
    niels nils olaf oskar reinhold rolf siegmund svend theodor ulrich viktor walther werner wilhelm wolfgang alberto
    aldo alfonso alfredo alonso angelo arturo battista bernardo carlo cesare claudio domenico emilio enrico enrique
    esteban fabio felipe fernando filippo francesco francisco giacomo gianni giorgio giovanni giulio giuseppe gonzalo
    ignacio jacopo jaime joaquin jorge leonardo lorenzo luigi marcello marco matteo paolo pietro rafael raffaele ramon
    ricardo roberto rodrigo salvatore sancho silvio stefano tomas umberto vicente vincenzo vittorio alexei alyosha
    andrei arkady fyodor fedor grigory ilya konstantin leonid maxim mikhail mitya nikita oleg osip pavel petya pyotr
    rodion stepan vanya vasily yuri absalom alvin amasa asa asahel barnabas ephraim eleazar elihu elisha ezekiel
    gamaliel hezekiah hosea isaiah jedediah jethro josiah jotham judah levi malachi micah nahum nehemiah obadiah
    philemon shadrach simeon thaddeus zachariah zebulon zebedee alaric aldous bevis crispin cuthbert cyprian denzil
    everard fabian gervase godfrey godwin hereward ivor kenelm launcelot lucius marmaduke osmund peregrine roderic
    rowland septimus sigismund silvester sylvester theophilus tobias tristram valentine wilfrid
"""
GIVEN_NAMES: Final[dict[str, Sex]] = {
    **dict.fromkeys(_MALE_NAMES.split(), "male"),
    **dict.fromkeys(_FEMALE_NAMES.split(), "female"),
}
_NICKNAMES: Final = """
    abraham: abe; albert: bert bertie al; alexander: alec aleck alick sandy alex; alfred: alf fred; amelia: emmy milly
    millie; andrew: andy drew; ann: nan nancy annie nanny; anna: annie nan nancy; anne: annie nan nancy; anthony: tony;
    antony: tony; arabella: bella; archibald: archie; arthur: art artie; augustus: gus; barbara: babs; bartholomew: bart;
    beatrice: bea bee trix trixie; benjamin: ben benny; bertram: bertie; caroline: carrie caro; catherine: kitty kate cathy
    katy katie cath; charles: charlie charley chas; charlotte: lottie lotty; christina: chris tina; christopher: kit chris;
    clementina: clem; cornelius: neil; daniel: dan danny; david: dave davy; deborah: deb debby; dorothea: dodo dolly dora
    thea; dorothy: dolly dot; edmund: ned ted; edward: ned ted teddy eddie eddy; edwin: ned eddie; eleanor: nell nelly ellen
    nora; elizabeth: lizzy lizzie eliza beth betty betsy bess bessie bessy libby liz elsie; ellen: nell nelly nellie; emily:
    em emmy; emma: em emmy; esther: hetty; eugene: gene; eugenia: genie; fitzwilliam: fitz; florence: flo florrie; frances:
    fanny fran frankie; francis: frank; franklin: frank; frederick: fred freddy freddie; geoffrey: jeff geoff; george:
    georgie georgy; gerald: gerry jerry; gilbert: gil; gregory: greg; gwendolen: gwen; harold: hal harry; harriet: hatty
    hattie; helen: nell nelly nellie lena; helena: nell lena; henrietta: hetty etty; henry: harry hal hank; herbert: bert
    bertie; hester: hetty; huckleberry: huck; isabella: bella bell belle; jacob: jake; james: jim jimmy jem jemmy jamie; jane:
    jenny janie jeannie; jeremiah: jerry; jerome: jerry; jessica: jessie; john: jack johnny jacky jock; jonathan: jon; joseph:
    joe joey jos; josephine: jo josie; joshua: josh; judith: judy; julia: juley; katharine: kitty kate kathy katy; katherine:
    kitty kate kathy katy katie; lawrence: larry laurie; leonard: len lenny; letitia: letty; lewis: lew; louisa: lou;
    louise: lou; lucilla: lucy; lucinda: lucy; magdalen: maggie; margaret: meg peggy maggie madge margery daisy greta;
    martha: patty matty; martin: marty; mary: molly polly mamie may; matilda: matty tilly maud; matthew: matt mat; maximilian: max; michael:
    mike mick mickey; nathaniel: nat nate; nicholas: nick nicky; nicodemus: noddy; oliver: noll; patrick: pat paddy;
    penelope: penny; percival: percy; peter: pete; philip: phil pip; phillip: phil; phoebe: phebe; priscilla: prissy; prudence: prue;
    rachel: ray; randolph: randy; raymond: ray; rebecca: becky; reginald: reggie; richard: dick dicky rick; robert: bob bobby rob robin
    bert; roger: hodge; rosamond: rosy; rosalind: rosy; rudolf: rudy; samuel: sam sammy; sarah: sally sadie; sidney: sid siddy;
    silvester: sil; simon: sim; solomon: sol; sophia: sophy; stephen: steve; susan: sue susie susy sukey; susanna: sue susy; terence:
    terry; teresa: tess tessa; theobald: theo; theodora: dora; theodore: ted teddy laurie theo; theresa: tess tessa; thomas: tom
    tommy; timothy: tim; tobias: toby; ursula: ursa; victor: vic; vincent: vince; virginia: ginny; walter: wat walt; wilfred: fred;
    wilhelmina: mina minna; william: bill billy will willie willy; winifred: winnie; zachary: zach
"""
NICKNAMES: Final[dict[str, frozenset[str]]] = {
    short: frozenset(
        line.split(":")[0].strip() for line in _NICKNAMES.split(";") if short in line.split(":")[1].split()
    )
    for short in sorted({word for line in _NICKNAMES.split(";") for word in line.split(":")[1].split()})
}
"""Short name -> the names that it can stand for."""


_FEMALE_ENDINGS: Final = ("woman", "women", "wife", "maid", "-girl", "-lady", "mother", "tress", "eress")
_MALE_ENDINGS: Final = ("man", "men", "-boy", "father", "master", "-lad")
_NO_MEN: Final = DEMONYMS | _words("human women german roman norman ottoman mussulman talisman omen specimen")


def sex_of_title(title: str) -> Sex:
    if title in FEMALE_TITLES and title not in MALE_TITLES:
        return "female"
    return "male" if title in MALE_TITLES else "unknown"


def sex_of_noun(noun: str) -> Sex:
    """The sex that a noun tells, by itself ("wife") or by its end ("fishwife")."""
    if noun in FEMALE_PEOPLE:
        return "female"
    if noun in MALE_PEOPLE:
        return "male"
    if noun.endswith(_FEMALE_ENDINGS) and not noun.endswith("ness"):
        return "female"
    return "male" if noun.endswith(_MALE_ENDINGS) and noun not in _NO_MEN else "unknown"


def is_trade(noun: str) -> bool:
    """Whether somebody is called by what he does, which tells nothing of his sex for sure: "the saloon-keeper"."""
    return noun.endswith(_TRADES) and noun not in _NOT_TRADES
