import { createJsonSchema } from '@darkroom/catalogue';

/** The example that `catalogue init` writes: a catalogue file, ten products, and the schema of the file for editors. */
export const EXAMPLE_FILES: Record<string, string> = {
  'catalogue.yaml': `# yaml-language-server: $schema=catalogue.schema.json
# A catalogue: which image each row of a source gets.
#   darkroom catalogue check catalogue.yaml   checks this file and every row
#   darkroom catalogue plan catalogue.yaml    shows what a run would buy, why, and for how much

# Runs, reports and stored images are found by this name.
name: example

source:
  # A path relative to this file, an https:// URL, or s3://bucket/key. CSV or JSONL.
  path: products.csv
  # delimiter: ';'            # without it, the header decides
  # encoding: windows-1252    # without it, a byte order mark decides, else UTF-8

# The column that identifies a product.
key: sku

# A Liquid template. Its variables are the columns. A column with a blank in its name: {{ row["Product name"] }}
prompt: |
  A studio photo: {{ name }}, {{ color }}, made of {{ material }}, {{ view }} view,
  on a plain white background, soft light, no text.

# model: gemini-3-pro-image-preview
size: 1:1
resolution: 1K

# Columns with reference images: URLs, s3://bucket/key, or paths below this folder.
# references: [photo]

# Several images of each product.
views:
  - name: front
  - name: detail
    prompt: 'A close-up of the surface: {{ name }}, {{ color }}, made of {{ material }}, soft light, no text.'

# Changes for the rows that match. A later one replaces an earlier one.
overrides:
  - when: { category: [lamp, clock] }
    size: 4:5

# The file name of each image. Umlauts are written out, and blanks become dashes.
image_name: '{sku}-{view}.jpg'

# When it runs, and when a run stops buying.
schedule:
  cron: 0 1 * * *
  time_zone: Europe/Berlin
  # catch_up: 6h              # how late a night begins that no worker could begin in time
  # start_grace: 15m          # a night that has not begun after it raises an alarm
  # min_duration: 10m         # a night that is completed sooner raises an alarm
  # ping: { success: https://dead-mans-switch.example.com/shoes }
deadline: 06:00

# US dollars that one run may cost.
budget: 5

# What happens when a run is due while another one runs: skip, queue_one, cancel_other.
overlap: skip

# notifications:
#   webhook_url: https://shop.example.com/hooks/catalogue

# What stops a run before it spends. Pass one with --accept. Null turns one off.
guards:
  max_source_age: 30d
  max_shrink_percent: 20
  max_changed_percent: 10
  # max_quarantined_rows: 20  # invalid rows that a run leaves out; without it, one of them stops the run
`,
  'products.csv': `sku,name,category,color,material,price
CH 100,Chair Löwe,chair,oak brown,wood,"129,90"
CH 101,Chair Bär,chair,black,steel,"149,00"
TA 200,Side Table,table,white,marble,"259,00"
TA 201,Dining Table Größe L,table,walnut brown,wood,"799,00"
LA 300,Desk Lamp,lamp,brass,metal,"89,50"
LA 301,Floor Lamp,lamp,matte black,metal,"189,00"
CL 400,Wall Clock,clock,cream,ceramic,"59,90"
VA 500,Vase,vase,sea green,glass,"34,90"
MI 600,Mirror,mirror,silver,glass,"119,00"
SH 700,Shelf,shelf,light gray,wood,"69,00"
`,
  'catalogue.schema.json': `${JSON.stringify(createJsonSchema(), undefined, 2)}\n`,
};
