/*
 * A word is of one script: what is typed МAЗ with a Latin A was meant as МАЗ. Where each Latin letter of such a word looks like a
 * Cyrillic one it becomes that, and where each Cyrillic letter looks like a Latin one it becomes this. Otherwise nobody can tell.
 */
create or replace function :PGVECTOR_SCHEMA.unmix_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_text text := value;
  v_word text;
begin
  for v_word in
    select distinct m.word[1]
    from regexp_matches(value, '[[:alpha:]]*(?:[a-z][а-яі]|[а-яі][a-z])[[:alpha:]]*', 'g') m (word)
  loop
    v_text := replace(
      v_text, v_word,
      case
        when translate(v_word, 'abekmhopctyxi', '') !~ '[a-z]' then translate(v_word, 'abekmhopctyxi', 'авекмнорстухі')
        when translate(v_word, 'авекмнорстухі', '') !~ '[а-яі]' then translate(v_word, 'авекмнорстухі', 'abekmhopctyxi')
        else v_word
      end
    );
  end loop;
  return v_text;
end
$$;

comment on function :PGVECTOR_SCHEMA.unmix_text(text) is
  'A folded text in which words of Cyrillic and Latin letters that look alike are of one script.';
