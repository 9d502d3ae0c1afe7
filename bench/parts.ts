import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/*
 * A catalogue of some 1,700 Russian car parts with graded queries, in the files of BEIR, the same at every
 * run: npm run bench:parts -- folder, then npm run evaluate -- --documents folder/corpus.jsonl
 * --queries folder/queries.jsonl --judgments folder/qrels/test.tsv. Brands and numbers are invented.
 *
 * Nobody could grade 250,000 pairs by hand, so a query says what it wants in the attributes that the products
 * were made from, and the grade follows: 3 all of it, 1 the other side of the car or a lesser choice of part,
 * nothing for another car or the other axle. A slang word may stand in no product's text; that is checked.
 */
type Gender = "m" | "f" | "n" | "pl";
type Position = "" | "axle" | "side" | "both";

interface Part {
  name: string;
  gender: Gender;
  position: Position;
  category: string;
  /** As a buyer types it, and its gender. */
  ask: string;
  askGender: Gender;
  purpose: string;
}

const part = (
  name: string,
  gender: Gender,
  position: Position,
  category: string,
  ask: string,
  askGender: Gender,
  purpose: string,
): Part => ({
  name,
  gender,
  position,
  category,
  ask,
  askGender,
  purpose,
});

const parts = {
  pads: part("Колодки тормозные", "pl", "axle", "Тормоза", "тормозные колодки", "pl", "Комплект на ось, с антискрипными пластинами"),
  disc: part("Диск тормозной", "m", "axle", "Тормоза", "тормозные диски", "pl", "Вентилируемый, с антикоррозийным покрытием"),
  drum: part("Барабан тормозной", "m", "", "Тормоза", "тормозной барабан", "m", "Чугунный, отбалансирован на заводе"),
  caliper: part("Суппорт тормозной", "m", "both", "Тормоза", "тормозной суппорт", "m", "В сборе со скобой и направляющими"),
  brakeHose: part("Шланг тормозной", "m", "axle", "Тормоза", "тормозной шланг", "m", "Армированный, выдерживает высокое давление"),
  master: part("Цилиндр тормозной главный", "m", "", "Тормоза", "главный тормозной цилиндр", "m", "Двухконтурный, с датчиком уровня"),
  shock: part("Амортизатор", "m", "both", "Подвеска", "амортизатор", "m", "Газомасляный двухтрубный"),
  spring: part("Пружина подвески", "f", "axle", "Подвеска", "пружина", "f", "Витая, для стандартного клиренса"),
  mount: part("Опора амортизатора", "f", "axle", "Подвеска", "опора амортизатора", "f", "Верхняя, с упорным подшипником"),
  arm: part("Рычаг подвески", "m", "both", "Подвеска", "рычаг", "m", "Стальной штампованный, с втулками"),
  silent: part("Сайлентблок рычага", "m", "axle", "Подвеска", "сайлентблоки", "pl", "Резинометаллический шарнир"),
  ball: part("Опора шаровая", "f", "side", "Подвеска", "шаровая опора", "f", "С защитным чехлом и крепежом"),
  link: part("Стойка стабилизатора", "f", "axle", "Подвеска", "стойки стабилизатора", "pl", "Тяга с двумя шарнирами"),
  bush: part("Втулка стабилизатора", "f", "axle", "Подвеска", "втулки стабилизатора", "pl", "Из износостойкого эластомера"),
  hub: part("Подшипник ступицы", "m", "axle", "Подвеска", "ступичный подшипник", "m", "Двухрядный, со стопорным кольцом"),
  tieRod: part("Наконечник рулевой тяги", "m", "side", "Рулевое управление", "рулевой наконечник", "m", "С гайкой и шплинтом"),
  rack: part("Рейка рулевая", "f", "", "Рулевое управление", "рулевая рейка", "f", "С гидравлическим усилителем"),
  steeringPump: part("Насос ГУР", "m", "", "Рулевое управление", "насос гидроусилителя", "m", "Лопастной, со шкивом"),
  cv: part("ШРУС наружный", "m", "side", "Трансмиссия", "наружный шрус", "m", "Шарнир привода с чехлом и хомутами"),
  cvBoot: part("Пыльник ШРУСа", "m", "side", "Трансмиссия", "пыльник шруса", "m", "Термостойкий чехол с хомутами"),
  clutch: part("Комплект сцепления", "m", "", "Трансмиссия", "сцепление в сборе", "n", "Нажимной и ведомый диски с выжимным узлом"),
  release: part("Подшипник выжимной", "m", "", "Трансмиссия", "выжимной подшипник", "m", "Для механической коробки"),
  oilFilter: part("Фильтр масляный", "m", "", "Фильтры", "масляный фильтр", "m", "С противодренажным клапаном"),
  airFilter: part("Фильтр воздушный", "m", "", "Фильтры", "воздушный фильтр", "m", "Панельный, для впуска двигателя"),
  cabinFilter: part("Фильтр салонный", "m", "", "Фильтры", "фильтр салона", "m", "С активированным углём"),
  fuelFilter: part("Фильтр топливный", "m", "", "Фильтры", "топливный фильтр", "m", "Тонкой очистки"),
  wiper: part("Щётка стеклоочистителя", "f", "axle", "Стёкла и обзор", "щетки стеклоочистителя", "pl", "Бескаркасная, графитовая лента"),
  wiperMotor: part("Мотор стеклоочистителя", "m", "", "Стёкла и обзор", "мотор стеклоочистителя", "m", "Двухскоростной с редуктором"),
  washerTank: part("Бачок омывателя", "m", "", "Стёкла и обзор", "бачок омывателя", "m", "С заливной горловиной"),
  mirror: part("Зеркало боковое", "n", "side", "Стёкла и обзор", "боковое зеркало", "n", "С электроприводом и подогревом"),
  windowLift: part("Стеклоподъёмник", "m", "both", "Стёкла и обзор", "стеклоподъемник", "m", "Тросовый, с электроприводом"),
  sparkPlug: part("Свеча зажигания", "f", "", "Двигатель", "свечи зажигания", "pl", "Иридиевый электрод"),
  coil: part("Катушка зажигания", "f", "", "Двигатель", "катушка зажигания", "f", "Индивидуальная, с наконечником"),
  timingBelt: part("Ремень ГРМ", "m", "", "Двигатель", "ремень грм", "m", "Зубчатый, усиленный кордом"),
  timingKit: part("Комплект ГРМ", "m", "", "Двигатель", "комплект грм", "m", "Ремень и ролики газораспределения"),
  polyBelt: part("Ремень поликлиновой", "m", "", "Двигатель", "ремень поликлиновой", "m", "Привод навесных агрегатов"),
  tensioner: part("Ролик натяжной", "m", "", "Двигатель", "натяжной ролик", "m", "С закрытым подшипником"),
  headGasket: part("Прокладка ГБЦ", "f", "", "Двигатель", "прокладка гбц", "f", "Металлическая многослойная"),
  engineMount: part("Опора двигателя", "f", "side", "Двигатель", "опора двигателя", "f", "Гидравлическая, гасит вибрации"),
  turbo: part("Турбокомпрессор", "m", "", "Двигатель", "турбокомпрессор", "m", "С изменяемой геометрией"),
  injector: part("Форсунка топливная", "f", "", "Двигатель", "топливная форсунка", "f", "Проверена на стенде"),
  pump: part("Насос водяной", "m", "", "Охлаждение", "водяной насос", "m", "С крыльчаткой и уплотнением"),
  thermostat: part("Термостат", "m", "", "Охлаждение", "термостат", "m", "Открывается при 87 градусах"),
  radiator: part("Радиатор охлаждения", "m", "", "Охлаждение", "радиатор охлаждения", "m", "Алюминиевый паяный"),
  fan: part("Вентилятор радиатора", "m", "", "Охлаждение", "вентилятор радиатора", "m", "С кожухом и резистором"),
  heater: part("Радиатор отопителя", "m", "", "Охлаждение", "радиатор отопителя", "m", "Греет воздух кабины"),
  starter: part("Стартер", "m", "", "Электрика", "стартер", "m", "Редукторный, 1,4 кВт"),
  alternator: part("Генератор", "m", "", "Электрика", "генератор", "m", "14 В, со встроенным регулятором"),
  headlight: part("Фара", "f", "side", "Электрика", "фара", "f", "С корректором наклона"),
  tailLamp: part("Фонарь задний", "m", "side", "Электрика", "задний фонарь", "m", "С платой и патронами"),
  abs: part("Датчик ABS", "m", "both", "Электрика", "датчик абс", "m", "Скорость вращения колеса"),
  lambda: part("Датчик кислорода", "m", "", "Электрика", "датчик кислорода", "m", "Четырёхконтактный с подогревом"),
  maf: part("Датчик массового расхода воздуха", "m", "", "Электрика", "датчик массового расхода воздуха", "m", "Плёночный измеритель"),
  muffler: part("Глушитель", "m", "", "Выпуск", "глушитель", "m", "Алюминизированная сталь"),
  flex: part("Гофра глушителя", "f", "", "Выпуск", "гофра глушителя", "f", "Трёхслойная, с оплёткой"),
  bumper: part("Бампер", "m", "axle", "Кузов", "бампер", "m", "Под окраску"),
  wing: part("Крыло", "n", "both", "Кузов", "крыло", "n", "Грунтованная сталь"),
  handle: part("Ручка двери", "f", "both", "Кузов", "ручка двери", "f", "Наружная, под окраску"),
  mats: part("Коврики салона", "pl", "", "Салон", "коврики в салон", "pl", "Полиуретан, с бортиком"),
} satisfies Record<string, Part>;

/* What fits any car: name, purpose, price. */
const supplies = {
  engineOil: [
    "Масло моторное",
    "Химия и масла",
    ["5W-30 синтетическое", "5W-40 синтетическое", "10W-40 полусинтетическое", "0W-20 синтетическое"],
  ],
  gearOil: ["Масло трансмиссионное", "Химия и масла", ["75W-90 GL-5", "80W-90 GL-4", "ATF для АКПП"]],
  antifreeze: ["Антифриз", "Химия и масла", ["G12 красный", "G11 зелёный", "G13 фиолетовый"]],
  brakeFluid: ["Жидкость тормозная", "Химия и масла", ["DOT 4", "DOT 5.1"]],
  washerFluid: ["Жидкость стеклоомывающая", "Химия и масла", ["зимняя −25", "зимняя −30", "летняя"]],
  battery: ["Аккумуляторная батарея", "Электрика", ["60 Ач обратная полярность", "75 Ач прямая полярность", "190 Ач грузовая"]],
  tyre: ["Шина", "Шины", ["205/55 R16 зимняя шипованная", "185/65 R15 летняя", "315/80 R22.5 ведущая"]],
  bulb: ["Лампа галогенная", "Электрика", ["H7 12V 55W", "H4 12V 60/55W", "H1 24V 70W"]],
} satisfies Record<string, [string, string, string[]]>;

type Kind = keyof typeof parts | keyof typeof supplies;

/* As catalogues write them (the second way now and then), as buyers ask, and the years. */
const vehicles = {
  vesta: ["Lada Vesta", "Лада Веста", "на весту", "2015–2023"],
  granta: ["Lada Granta", "Лада Гранта", "для гранты", "2011–2022"],
  niva: ["Lada Niva 4x4", "ВАЗ 2121", "на ниву", "1995–2021"],
  vaz2110: ["ВАЗ 2110", "ВАЗ-2110", "на десятку", "1996–2007"],
  vaz2107: ["ВАЗ 2107", "ВАЗ-2107", "на семерку", "1985–2012"],
  gazelle: ["ГАЗель Next", "Gazelle Next", "на газель", "2013–2023"],
  patriot: ["УАЗ Патриот", "UAZ Patriot", "на патриот", "2008–2022"],
  logan: ["Renault Logan", "Рено Логан", "на рено логан", "2004–2020"],
  duster: ["Renault Duster", "Рено Дастер", "на дастер", "2012–2021"],
  solaris: ["Hyundai Solaris", "Хендай Солярис", "на солярис", "2011–2022"],
  rio: ["Kia Rio", "Киа Рио", "на киа рио", "2011–2022"],
  polo: ["VW Polo Sedan", "Фольксваген Поло", "на фольксваген поло", "2010–2020"],
  octavia: ["Skoda Octavia", "Шкода Октавия", "на октавию", "2008–2019"],
  camry: ["Toyota Camry", "Тойота Камри", "на камри", "2011–2021"],
  focus: ["Ford Focus II", "Форд Фокус 2", "на форд фокус", "2005–2011"],
  qashqai: ["Nissan Qashqai", "Ниссан Кашкай", "на кашкай", "2007–2021"],
  nexia: ["Daewoo Nexia", "Дэу Нексия", "на нексию", "1995–2016"],
  kamaz: ["КАМАЗ 5490", "KAMAZ 5490", "на камаз", "2013–2023"],
  man: ["MAN TGA", "МАН ТГА", "на ман", "2000–2010"],
  volvo: ["Volvo FH12", "Вольво FH12", "на вольво fh12", "1998–2005"],
  scania: ["Scania R", "Скания R", "на сканию", "2004–2018"],
} satisfies Record<string, [string, string, string, string]>;

type Vehicle = keyof typeof vehicles;

const adjectives = {
  front: { m: "передний", f: "передняя", n: "переднее", pl: "передние" },
  rear: { m: "задний", f: "задняя", n: "заднее", pl: "задние" },
  left: { m: "левый", f: "левая", n: "левое", pl: "левые" },
  right: { m: "правый", f: "правая", n: "правое", pl: "правые" },
};

type Axle = "front" | "rear";
type Side = "left" | "right";

/* Digits for each #, in the ways in which parts are numbered. */
const brands = {
  Norden: "0 986 ### ###",
  Kettler: "KB#####C",
  Оримет: "OM-####",
  Autora: "1K0 ### ###",
  Velmont: "VKBA ####",
  Брянта: "БР-####-##",
  Sirius: "SR######",
  Halberg: "W ###/##",
  Tauris: "TA ###.###.##",
};

interface Product {
  id: number;
  kind: Kind;
  vehicle?: Vehicle;
  axle?: Axle;
  side?: Side;
  name: string;
  code: string;
  price: number;
  category: string;
  description: string;
}

/** What a query wants, in the attributes of products. */
interface Wanted {
  kinds?: Partial<Record<Kind, number>>;
  vehicle?: Vehicle;
  axle?: Axle;
  side?: Side;
  /** Held by the number without separators. */
  code?: string;
}

interface Query {
  kind: string;
  text: string;
  wanted: Wanted;
}

/* mulberry32: a generator of its own, because the same catalogue has to come out everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = randomFrom(20261125);
const whole = (below: number) => Math.floor(random() * below);
const oneOf = <T>(values: readonly T[]): T => values[whole(values.length)] as T;
const entries = <K extends string, V>(record: Record<K, V>) => Object.entries(record) as [K, V][];
const plain = (code: string) => code.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

function makeProducts(): Product[] {
  const products: Product[] = [];
  const add = (product: Omit<Product, "id" | "code" | "price">, brand = oneOf(Object.keys(brands) as (keyof typeof brands)[])) => {
    const code = brands[brand].replace(/#/g, () => String(whole(10)));
    const name = random() < 0.4 ? `${product.name} ${brand}` : product.name;
    products.push({ ...product, id: 1000001 + products.length * 7, name, code, price: 100 + whole(30_000) });
  };
  for (const [kind, { name, gender, position, category, purpose }] of entries(parts)) {
    for (const [vehicle, [usual, other, , years]] of entries(vehicles)) {
      if (random() < 0.1) continue;
      const axles: (Axle | undefined)[] =
        position === "axle"
          ? random() < 0.7
            ? ["front", "rear"]
            : ["front"]
          : position === "both"
            ? [oneOf(["front", "rear"])]
            : [undefined];
      const sides: (Side | undefined)[] = position === "side" || position === "both" ? ["left", "right"] : [undefined];
      for (const axle of axles) {
        for (const side of sides) {
          const where = [axle, side].flatMap((word) => (word === undefined ? [] : adjectives[word][gender]));
          add({
            kind,
            vehicle,
            ...(axle === undefined ? {} : { axle }),
            ...(side === undefined ? {} : { side }),
            name: [name, ...where, random() < 0.8 ? usual : other].join(" "),
            category,
            description:
              `${purpose}. ${oneOf(["Применяемость:", "Подходит для", "Для автомобилей"])} ${usual} ${years} г. в. ${oneOf(["Гарантия 12 месяцев.", "Аналог оригинала.", "Производство Россия.", ""])}`.trim(),
          });
        }
      }
    }
  }
  for (const [kind, [name, category, variants]] of entries(supplies)) {
    for (const variant of variants) {
      for (const volume of [1, 2, 3])
        add({ kind, name: `${name} ${variant}`, category, description: oneOf([`Упаковка ${volume} шт.`, "В заводской упаковке.", ""]) });
    }
  }
  return products;
}

const latinForCyrillic: Record<string, string> = { A: "А", B: "В", C: "С", E: "Е", H: "Н", K: "К", M: "М", O: "О", P: "Р", T: "Т", X: "Х" };

/* Errors that people make: an unstressed vowel, a doubled or lost letter, two letters swapped. */
function mistype(text: string): string {
  const words = text.split(" ");
  const long = words.flatMap((word, index) => (word.length < 5 ? [] : [index]));
  const wrong = new Set([oneOf(long), oneOf(long)]);
  return words.map((word, index) => (wrong.has(index) ? mistypeWord(word) : word)).join(" ");
}

function mistypeWord(word: string): string {
  const vowels = [...word.matchAll(/[оаеи]/g)].map(({ index }) => index).filter((index) => index > 0 && index < word.length - 2);
  const at = 1 + whole(word.length - 3);
  const edit = whole(4);
  if (edit < 2 && vowels.length > 0) {
    const index = oneOf(vowels);
    const other = { о: "а", а: "о", е: "и", и: "е" }[word[index] ?? ""] ?? "";
    return word.slice(0, index) + other + word.slice(index + 1);
  }
  if (edit === 2) return word.slice(0, at) + word.slice(at + 1);
  return word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
}

function makeQueries(products: readonly Product[]): Query[] {
  const queries: Query[] = [];
  const add = (kind: string, text: string, wanted: Wanted) => queries.push({ kind, text, wanted });
  const some = <T>(values: readonly T[], count: number): T[] => {
    const rest = [...values];
    return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(whole(rest.length), 1)[0] as T);
  };
  const fitted = products.filter(({ vehicle }) => vehicle !== undefined);

  for (const { kind, vehicle, axle, side, name } of some(fitted, 15)) {
    if (vehicle === undefined) continue;
    add("name", oneOf([name, name.toLowerCase(), name.replaceAll("ё", "е")]), {
      kinds: { [kind]: 3 },
      vehicle,
      ...(axle === undefined ? {} : { axle }),
      ...(side === undefined ? {} : { side }),
    });
  }

  for (const { code } of some(products, 30)) {
    const looksAlike = code.replace(/[ABCEHKMOPTX]/g, (letter) => latinForCyrillic[letter] ?? letter);
    const text = oneOf([code, plain(code), code.toLowerCase(), looksAlike, code.replace(/[ .\-/]/g, ""), code.replace(/[ .\-/]/g, "-")]);
    add("code", text, { code: plain(code) });
  }
  for (const { code } of some(
    products.filter((product) => plain(product.code).length > 7),
    8,
  ))
    add("code", plain(code).slice(0, -2), { code: plain(code).slice(0, -2) });

  for (const [kind, { ask }] of some(entries(parts), 15)) add("word", oneOf([ask, ask, ask.toUpperCase()]), { kinds: { [kind]: 3 } });
  for (const [kind, { ask }] of some(entries(parts), 20)) add("typo", mistype(ask), { kinds: { [kind]: 3 } });
  for (const { kind, vehicle } of some(fitted, 10)) {
    if (vehicle === undefined) continue;
    add("typo", mistype(`${parts[kind as keyof typeof parts].ask} ${vehicles[vehicle][2]}`), { kinds: { [kind]: 3 }, vehicle });
  }
  for (const { kind, vehicle } of some(fitted, 25)) {
    if (vehicle === undefined) continue;
    const [usual, other, asked] = vehicles[vehicle];
    const { ask } = parts[kind as keyof typeof parts];
    add("vehicle", oneOf([`${ask} ${asked}`, `${ask} ${asked}`, `${ask} ${usual}`, `${ask} ${other.toLowerCase()}`]), {
      kinds: { [kind]: 3 },
      vehicle,
    });
  }
  for (const { kind, vehicle, axle, side } of some(
    fitted.filter((product) => product.axle ?? product.side),
    25,
  )) {
    if (vehicle === undefined) continue;
    const { ask, askGender } = parts[kind as keyof typeof parts];
    const where = [axle, side].flatMap((word) => (word === undefined ? [] : adjectives[word][askGender]));
    add(
      "side",
      oneOf([
        [...where, ask],
        [ask, ...where],
      ])
        .concat(vehicles[vehicle][2])
        .join(" "),
      {
        kinds: { [kind]: 3 },
        vehicle,
        ...(axle === undefined ? {} : { axle }),
        ...(side === undefined ? {} : { side }),
      },
    );
  }

  for (const [text, kinds] of slang) add("synonym", text, { kinds });
  for (const [text, kinds, vehicle] of english) add("english", text, { kinds, ...(vehicle === undefined ? {} : { vehicle }) });
  for (const [text, kinds, vehicle] of needs) add("need", text, { kinds, ...(vehicle === undefined ? {} : { vehicle }) });
  return queries;
}

type Kinds = Partial<Record<Kind, number>>;

/* Words that no product's text holds. */
const slang: [string, Kinds][] = [
  ["дворники", { wiper: 3, wiperMotor: 1 }],
  ["резина", { tyre: 3 }],
  ["покрышки", { tyre: 3 }],
  ["граната", { cv: 3, cvBoot: 1 }],
  ["незамерзайка", { washerFluid: 3 }],
  ["тормозуха", { brakeFluid: 3 }],
  ["охлаждайка", { antifreeze: 3 }],
  ["турбина", { turbo: 3 }],
  ["улитка", { turbo: 3 }],
  ["помпа", { pump: 3 }],
  ["карлсон", { fan: 3 }],
  ["печка", { heater: 3 }],
  ["акб", { battery: 3 }],
  ["лампочки", { bulb: 3 }],
  ["лямбда", { lambda: 3 }],
  ["расходомер", { maf: 3 }],
  ["глушак", { muffler: 3, flex: 1 }],
  ["косточки", { link: 3 }],
  ["гидрач", { steeringPump: 3 }],
  ["половики", { mats: 3 }],
  ["подушка движка", { engineMount: 3 }],
  ["блины", { disc: 3 }],
  ["аморты", { shock: 3 }],
];

const english: [string, Kinds, Vehicle?][] = [
  ["brake pads", { pads: 3 }],
  ["brake disc", { disc: 3 }],
  ["oil filter", { oilFilter: 3 }],
  ["cabin air filter", { cabinFilter: 3 }],
  ["shock absorber", { shock: 3 }],
  ["wiper blades", { wiper: 3 }],
  ["spark plugs", { sparkPlug: 3 }],
  ["timing belt", { timingBelt: 3, timingKit: 2 }],
  ["water pump", { pump: 3 }],
  ["alternator", { alternator: 3 }],
  ["headlight", { headlight: 3 }],
  ["wheel bearing", { hub: 3 }],
  ["clutch kit toyota camry", { clutch: 3 }, "camry"],
  ["radiator volvo fh12", { radiator: 3 }, "volvo"],
  ["starter ford focus", { starter: 3 }, "focus"],
  ["muffler nissan qashqai", { muffler: 3 }, "qashqai"],
];

const needs: [string, Kinds, Vehicle?][] = [
  ["скрипит при торможении", { pads: 3, disc: 2 }],
  ["стучит подвеска на кочках", { ball: 3, link: 3, silent: 3, bush: 3, shock: 2, mount: 2, arm: 2, tieRod: 2, spring: 1 }],
  ["машина не заводится на морозе", { battery: 3, starter: 3, sparkPlug: 2, coil: 2, alternator: 1 }],
  ["плохо чистит лобовое стекло в дождь", { wiper: 3, washerFluid: 2, wiperMotor: 1, washerTank: 1 }],
  ["мотор перегревается в пробке", { fan: 3, thermostat: 3, pump: 3, radiator: 3, antifreeze: 2, headGasket: 1 }],
  ["хрустит при повороте руля", { cv: 3, cvBoot: 2, ball: 1, mount: 1 }],
  ["гудит колесо на скорости", { hub: 3 }],
  ["тяжело крутить руль", { steeringPump: 3, rack: 2 }],
  ["рычит выхлоп", { muffler: 3, flex: 3 }],
  ["холодно в салоне зимой, не греет", { heater: 3, thermostat: 2, antifreeze: 1 }],
  ["воняет и запотевают окна", { cabinFilter: 3 }],
  ["большой расход бензина", { lambda: 3, maf: 3, airFilter: 2, sparkPlug: 2, injector: 2, coil: 1 }],
  ["не включается передача, буксует", { clutch: 3, release: 2 }],
  ["двигатель троит", { coil: 3, sparkPlug: 3, injector: 2 }],
  ["не светит одна сторона спереди", { headlight: 3, bulb: 3 }],
  ["не заряжается аккумулятор на солярисе", { alternator: 3, polyBelt: 2 }, "solaris"],
  ["камри стучит спереди на ямах", { ball: 3, link: 3, silent: 3, bush: 3, shock: 2, mount: 2, arm: 2, tieRod: 2 }, "camry"],
];

function gradeOf(product: Product, wanted: Wanted): number {
  if (wanted.code !== undefined) return plain(product.code).includes(wanted.code) ? 3 : 0;
  const grade = wanted.kinds?.[product.kind] ?? 0;
  if (wanted.vehicle !== undefined && product.vehicle !== wanted.vehicle) return 0;
  if (wanted.axle !== undefined && product.axle !== undefined && product.axle !== wanted.axle) return 0;
  return wanted.side !== undefined && product.side !== wanted.side ? Math.min(grade, 1) : grade;
}

const [, , folder] = process.argv;
if (folder === undefined) throw new Error("Name the folder to write to: npm run bench:parts -- folder");

const products = makeProducts();
const texts = products.map(({ name, description, category }) => `${name} ${description} ${category}`.toLowerCase());
for (const [text] of slang) {
  for (const word of text.split(" ")) {
    if (texts.some((known) => known.split(/[^\p{L}]+/u).includes(word)))
      throw new Error(`«${word}» is no synonym: a product's text has it.`);
  }
}
const queries = makeQueries(products);
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const judgments = queries.flatMap(({ wanted }, query) =>
  products.flatMap((product) => {
    const grade = gradeOf(product, wanted);
    return grade > 0 ? [`${query + 1}\t${product.id}\t${grade}\n`] : [];
  }),
);
mkdirSync(join(folder, "qrels"), { recursive: true });
writeFileSync(
  join(folder, "corpus.jsonl"),
  lines(
    products.map(({ id, name, description, code, price, category }) => ({
      _id: String(id),
      title: name,
      text: description,
      metadata: { vendor_code: code, price: `${price}.00`, category },
    })),
  ),
);
writeFileSync(
  join(folder, "queries.jsonl"),
  lines(queries.map(({ kind, text }, query) => ({ _id: String(query + 1), text, metadata: { kind } }))),
);
writeFileSync(join(folder, "qrels/test.tsv"), `query-id\tcorpus-id\tscore\n${judgments.join("")}`);
console.log(`${products.length} products, ${queries.length} queries, ${judgments.length} judgments in ${folder}.`);
