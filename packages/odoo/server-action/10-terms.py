# Turns the hub's terms (references, codes, names) into records. Everything here only reads.
#
# Odoo runs this text in its sandbox: no import, no with, no class, no closure, no attribute assignment.
# `env` works as superuser in one company, so that the hub's user needs no right beyond running this action.

UNIT_IDS = {
    'C62': ['uom.product_uom_unit'], 'H87': ['uom.product_uom_unit'], 'EA': ['uom.product_uom_unit'],
    'PCE': ['uom.product_uom_unit'], 'NAR': ['uom.product_uom_unit'], 'DZN': ['uom.product_uom_dozen'],
    'KGM': ['uom.product_uom_kgm'], 'GRM': ['uom.product_uom_gram'], 'TNE': ['uom.product_uom_ton'],
    'LBR': ['uom.product_uom_lb'], 'ONZ': ['uom.product_uom_oz'],
    'MTR': ['uom.product_uom_meter'], 'MMT': ['uom.product_uom_millimeter'], 'CMT': ['uom.product_uom_cm'],
    'KMT': ['uom.product_uom_km'], 'INH': ['uom.product_uom_inch'], 'FOT': ['uom.product_uom_foot'],
    'YRD': ['uom.product_uom_yard'],
    'MTK': ['uom.uom_square_meter', 'uom.product_uom_square_meter'],
    'FTK': ['uom.uom_square_foot', 'uom.product_uom_square_foot'],
    'LTR': ['uom.product_uom_litre'], 'MLT': ['uom.product_uom_milliliter'], 'MTQ': ['uom.product_uom_cubic_meter'],
    'GLL': ['uom.product_uom_gal'],
    'HUR': ['uom.product_uom_hour'], 'DAY': ['uom.product_uom_day'], 'MIN': ['uom.product_uom_minute'],
    'KWH': ['uom.product_uom_kwh'],
}

memory = {}


def refuse(reason, message):
    raise Exception({'reason': reason, 'message': message})


def has(model, field):
    return model in env and field in env[model]._fields


def need_model(model, module):
    if model not in env:
        refuse('module-missing', 'Odoo has no %s: the module %s is not installed.' % (model, module))


def product_of(reference):
    known = memory.get(('product', reference))
    if known:
        return known
    found = env['product.product'].search(
        [('default_code', '=', reference), ('company_id', 'in', [False, company.id])], limit=2)
    if not found:
        refuse('product-unknown', 'No product has the internal reference %s.' % reference)
    if len(found) > 1:
        refuse('product-ambiguous', 'More than one product has the internal reference %s.' % reference)
    memory[('product', reference)] = found
    return found


def unit_of(code):
    known = memory.get(('unit', code))
    if known:
        return known
    named = request.get('units') and request['units'].get(code)
    if named:
        found = env['uom.uom'].search([('name', '=', named)], limit=1)
    else:
        found = env['uom.uom']
        for xml_id in UNIT_IDS.get(code, []):
            found = found or env.ref(xml_id, raise_if_not_found=False) or env['uom.uom']
    if not found:
        refuse('unit-unknown', 'Odoo has no unit for the code %s%s.' % (code, named and ' (%s)' % named or ''))
    memory[('unit', code)] = found
    return found


def same_kind(unit, other):
    if 'category_id' in unit._fields:
        return unit.category_id == other.category_id
    return unit._has_common_reference(other)


def amount_in(quantity, unit, what):
    # The quantity in the given unit; refused when Odoo would have to round it.
    given = unit_of(quantity['unit'])
    if not same_kind(given, unit):
        refuse('unit-mismatch', '%s is kept in %s, which %s cannot be turned into.' % (what, unit.name, given.name))
    amount = float(quantity['value'])
    if given != unit:
        amount = given._compute_quantity(amount, unit, round=False)
    return fitting(amount, unit, what)


def fitting(amount, unit, what):
    steps = amount / max(unit.rounding, 10.0 ** -quantity_digits())
    if abs(steps - round(steps)) > 1e-6:
        refuse('too-many-digits', '%s of %s has more digits than Odoo keeps: it would round %s to %s.' % (
            amount, what, unit.name, max(unit.rounding, 10.0 ** -quantity_digits())))
    return amount


def quantity_digits():
    if 'digits' not in memory:
        precision = env['decimal.precision'].search(
            [('name', 'in', ['Product Unit of Measure', 'Product Unit'])], limit=1)
        memory['digits'] = precision and precision.digits or 2
    return memory['digits']


def location_of(name):
    known = memory.get(('location', name))
    if known:
        return known
    places = env['stock.location'].with_context(active_test=True)
    inside = [('company_id', 'in', [False, company.id])]
    found = places.search(inside + [('complete_name', '=', name)], limit=2)
    found = found or places.search(inside + [('barcode', '=', name)], limit=2)
    found = found or places.search(inside + [('name', '=', name)], limit=2)
    if len(found) != 1:
        refuse('location-unknown', '%s location is called %s.' % (found and 'More than one' or 'No', name))
    memory[('location', name)] = found
    return found


def default_warehouse():
    if 'warehouse' not in memory:
        domain = [('company_id', '=', company.id)]
        if request.get('warehouse'):
            domain.append(('code', '=', request['warehouse']))
        found = env['stock.warehouse'].search(domain, limit=1)
        if not found:
            refuse('location-unknown', 'The company %s has no warehouse %s.' % (
                company.name, request.get('warehouse') or ''))
        memory['warehouse'] = found
    return memory['warehouse']


def stock_location(name):
    return name and location_of(name) or default_warehouse().lot_stock_id


def lots_of(wanted, create):
    # {(product, name): lot} for the pairs wanted; missing ones are made in one go, or left out.
    found = {}
    if not wanted:
        return found
    known = env['stock.lot'].search([
        ('name', 'in', list({pair[1] for pair in wanted})),
        ('product_id', 'in', list({pair[0].id for pair in wanted})),
        ('company_id', 'in', [False, company.id]),
    ])
    for lot in known:
        found[(lot.product_id, lot.name)] = lot
    missing = []
    for pair in wanted:
        if pair not in found and pair not in missing:
            missing.append(pair)
    if create and missing:
        made = env['stock.lot'].create(
            [{'name': pair[1], 'product_id': pair[0].id, 'company_id': company.id} for pair in missing])
        for pair, lot in zip(missing, made):
            found[pair] = lot
    return found


def lot_of(product, name):
    found = lots_of([(product, name)], False)
    if not found:
        refuse('lot-unknown', 'The product %s has no lot %s.' % (product.default_code, name))
    return found[(product, name)]


def lot_shares(line, product, unit):
    # [(lot name or False, amount)] of a line that names one lot, several, or none.
    shares = []
    for share in line.get('lots') or []:
        shares.append((share['lot'], amount_in(share['quantity'], unit, product.default_code)))
    total = amount_in(line['quantity'], unit, product.default_code)
    if not shares:
        return [(line.get('lot') or False, total)]
    if float_compare(sum([share[1] for share in shares]), total, precision_digits=6) != 0:
        refuse('value-invalid', 'The lots of %s add up to %s, not to %s.' % (
            product.default_code, sum([share[1] for share in shares]), total))
    return shares


def work_center_of(code):
    need_model('mrp.workcenter', 'mrp')
    found = env['mrp.workcenter'].search([('code', '=', code), ('company_id', 'in', [False, company.id])], limit=2)
    found = found or env['mrp.workcenter'].search(
        [('name', '=', code), ('company_id', 'in', [False, company.id])], limit=2)
    if len(found) != 1:
        refuse('work-center-unknown', '%s work center has the code %s.' % (found and 'More than one' or 'No', code))
    return found
