/*
 * Catalogues write Октавия and Octavia, камри and Camry; people type what they hear. One alphabet for
 * both scripts, letters that sound alike made one, soft signs and doubled letters dropped. Letters that a keyboard lacks are
 * typed as their neighbours: Kazakh and Ukrainian ones as Russian.
 */
create or replace function :PGVECTOR_SCHEMA.sound_of(word text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return regexp_replace(
    regexp_replace(
      translate(
        regexp_replace(
          replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            word, 'я', 'иа'), 'ю', 'иу'), 'sch', 'ш'), 'sh', 'ш'), 'ch', 'ч'), 'zh', 'ж'), 'ph', 'ф'), 'th', 'т'), 'ts', 'ц'), 'qu', 'кв'), 'ck', 'к'), 'x', 'кс'),
          'c(?=[eiy])', 's', 'g'
        ),
        'abcdefghijklmnopqrstuvwyzэйыщіәөүұқңғһєґßьъ''', 'абкдефгхижклмнопкрстуввизеиишиаоуукнгхегс'
      ),
      'и(?=[аеиоу])', '', 'g'
    ),
    E'(.)\\1+', E'\\1', 'g'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.sound_of(text) is
  'How a folded word sounds, in one alphabet for Russian and Latin letters: октавия and octavia give one key. Not for reading.';
