/** A product as the sample's source has it, with a description where it has one. */
export interface Product {
  product_id: number;
  name: string;
  vendor_code: string;
  weight: number | null;
  length: number;
  width: number;
  height: number;
  price: number;
  is_active: boolean;
  category_id: number;
  description: string | null;
}

const russian = {
  parts:
    "Пневмоподушка|Амортизатор передний|Тормозной диск|Колодки тормозные дисковые|Фильтр масляный|Клапан электромагнитный|Ремень генератора|Насос водяной|Стартер|Радиатор охлаждения|Сайлентблок|Шаровая опора|Подшипник ступицы|Датчик давления|Фара головного света|Зеркало заднего вида|Ёмкость омывателя|Трос ручного тормоза",
  makes: "(с мет стаканом)|(аналог)|MAN TGA|VOLVO FH12|КАМАЗ 5490|ГАЗель Next|BPW ECO Plus|24V|М22х1,5|усиленный|левый|комплект 2 шт",
  remarks:
    "качественный аналог|оригинал|восстановленный на заводе|с гарантией 24 месяца|для тяжёлых условий|поставка со склада|упаковка по 2 шт",
};
const english = {
  parts:
    "yoga mat|phone case|electric kettle|mountain bike|garden hose|office chair|bluetooth speaker|hiking boots|water bottle|cordless drill|cast iron skillet|baby stroller|mechanical keyboard|desk lamp",
  makes: "ergonomic|waterproof|foldable|noise-cancelling|rechargeable|adjustable|heavy-duty|insulated|ultra-light|organic|vintage",
  remarks:
    "made of carbon fibre|the oak wood frame is easy to clean|rated for daily use|soft to the touch|for camping and outdoor use|for small kitchens|ships in 9 days|2-year warranty",
};

/** So many products, half Russian parts and half English goods, of 20 to some 250 tokens; the same at every call. */
export function products(count: number): Product[] {
  let state = 42;
  // Of Park and Miller: enough for texts, and the same everywhere.
  const random = (below: number) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const one = (list: string) => list.split("|")[random(list.split("|").length)] ?? "";
  return Array.from({ length: count }, (_, i) => {
    const { parts, makes, remarks } = i % 2 === 0 ? russian : english;
    const sentences = Math.max(0, random(14) - 7);
    const described = Array.from({ length: sentences }, () => `${one(parts)}: ${one(makes)}, ${one(remarks)}`).join(". ");
    return {
      product_id: i + 1,
      name: `${one(parts)} ${one(makes)}`,
      vendor_code: `${one("SABO|TRW|W940/|0 986 |FEBI|DT-")}${100_000 + random(900_000)}`,
      weight: random(8) === 0 ? null : random(4000) / 100,
      length: random(150),
      width: random(100),
      height: random(90),
      price: random(9_000_000) / 100,
      is_active: random(4) > 0,
      category_id: random(120),
      description: described === "" ? null : described,
    };
  });
}

/** Their texts, as the Python pipeline wrote them. */
export function productTexts(count: number): string[] {
  return products(count).map(({ product_id: _, ...fields }) =>
    Object.entries(fields)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${typeof value === "boolean" ? (value ? "yes" : "no") : value}.`)
      .join(" "),
  );
}
