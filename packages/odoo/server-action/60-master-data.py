# Products and bills of materials: written as a whole, an existing one is brought to the given state.


def plan_save_product(plan):
    value = plan['value']
    found = env['product.product'].with_context(active_test=False).search(
        [('default_code', '=', value['product']), ('company_id', 'in', [False, company.id])], limit=2, order='active desc, id')
    if len(found) > 1 and len(found.filtered_domain([('active', '=', True)])) != 1:
        refuse('product-ambiguous', 'More than one product has the internal reference %s.' % value['product'])
    plan['product'] = found[:1]
    plan['lock'] = ('product', value['product'])
    vals = {'name': value['name'], 'default_code': value['product']}
    if value.get('unit'):
        unit = unit_of(value['unit'])
        if not plan['product'] or plan['product'].uom_id != unit:
            vals['uom_id'] = unit.id
            if has('product.template', 'uom_po_id'):
                vals['uom_po_id'] = unit.id
    if value.get('kind') or not plan['product']:
        vals = dict(vals, **product_kind(value.get('kind') or 'stocked'))
    for field, name in [('tracking', 'tracking'), ('barcode', 'barcode')]:
        if value.get(name):
            vals[field] = value[name]
    for field, name in [('weight', 'weight'), ('list_price', 'salesPrice'), ('standard_price', 'cost')]:
        if value.get(name):
            vals[field] = float(value[name])
    if 'description' in value:
        vals['description'] = value['description']
    if 'active' in value:
        vals['active'] = value['active']
    plan['vals'] = vals


def product_kind(kind):
    if kind == 'service':
        return {'type': 'service'} if has('product.template', 'is_storable') else {'detailed_type': 'service'}
    if has('product.template', 'is_storable'):
        return {'type': 'consu', 'is_storable': kind == 'stocked'}
    return {'detailed_type': 'product' if kind == 'stocked' else 'consu'}


def apply_save_product(plans):
    fresh = []
    for plan in plans:
        if plan['product']:
            plan['product'].write(changed(plan['product'], plan['vals']))
        else:
            fresh.append(plan)
    made = env['product.product'].create([plan['vals'] for plan in fresh])
    for plan, product in zip(fresh, made):
        plan['product'] = product
        plan['created'] = True
    for plan in plans:
        settle(plan, plan['product'], plan['product'].default_code, {'created': plan.get('created') or False})


def changed(record, vals):
    # Odoo refuses to touch unit and tracking of a product in use, even when they stay what they are.
    kept = {}
    for field in vals:
        old = record[field]
        old = old.id if field in ('uom_id', 'uom_po_id') else old
        if old != vals[field]:
            kept[field] = vals[field]
    return kept


def plan_save_bill_of_materials(plan):
    value = plan['value']
    product = product_of(value['product'])
    plan['bill'] = env['mrp.bom'].with_context(active_test=False).search([
        ('product_tmpl_id', '=', product.product_tmpl_id.id), ('product_id', 'in', [False, product.id]),
        ('code', '=', value['revision']), ('company_id', 'in', [False, company.id])], limit=1)
    plan['product'] = product
    plan['lock'] = ('bill', product.id)
    unit = unit_of(value['quantity']['unit'])
    plan['vals'] = {
        'product_tmpl_id': product.product_tmpl_id.id, 'product_id': product.id, 'code': value['revision'],
        'product_qty': fitting(float(value['quantity']['value']), unit, product.default_code), 'product_uom_id': unit.id,
        'type': 'phantom' if value.get('kind') == 'kit' else 'normal', 'sequence': 1, 'active': True,
        'company_id': company.id,
    }
    if value.get('consumption'):
        plan['vals']['consumption'] = value['consumption']
    plan['operations'] = []
    for number, line in enumerate(value.get('operations') or []):
        plan['operations'].append({
            'name': line['name'], 'workcenter_id': work_center_of(line['workCenter']).id, 'sequence': number + 1,
            'time_mode': 'manual', 'time_cycle_manual': float(line.get('minutes') or 60),
        })
    plan['components'] = bill_lines(value['components'])
    plan['by_products'] = bill_lines(value.get('byProducts') or [])
    names = [line['name'] for line in plan['operations']]
    for line in value['components']:
        if line.get('operation') and line['operation'] not in names:
            refuse('operation-unknown', 'The component %s is used in the operation %s, which the bill does not have.' % (
                line['product'], line['operation']))


def bill_lines(lines):
    planned = []
    for number, line in enumerate(lines):
        product = product_of(line['product'])
        unit = unit_of(line['quantity']['unit'])
        if not same_kind(unit, product.uom_id):
            refuse('unit-mismatch', '%s is kept in %s, not in %s.' % (product.default_code, product.uom_id.name, unit.name))
        planned.append({
            'product_id': product.id, 'product_uom_id': unit.id, 'sequence': number + 1,
            'product_qty': fitting(float(line['quantity']['value']), unit, product.default_code),
        })
    return planned


def apply_save_bill_of_materials(plans):
    for plan in plans:
        bill = plan['bill']
        if bill:
            bill.bom_line_ids.unlink()
            bill.byproduct_ids.unlink()
            # Work orders still point at the old operations.
            bill.operation_ids.write({'active': False})
            bill.write(plan['vals'])
        else:
            bill = env['mrp.bom'].create(plan['vals'])
        fill_bill(plan, bill)
        if plan['value'].get('replaces') is not False:
            env['mrp.bom'].search([
                ('product_tmpl_id', '=', plan['product'].product_tmpl_id.id), ('product_id', 'in', [False, plan['product'].id]),
                ('id', '!=', bill.id), ('company_id', 'in', [False, company.id])]).write({'active': False})
        settle(plan, bill, '%s %s' % (plan['product'].default_code, bill.code), {'created': not plan['bill']})


def fill_bill(plan, bill):
    steps = {}
    for line in plan['operations']:
        steps[line['name']] = env['mrp.routing.workcenter'].create(dict(line, bom_id=bill.id))
    rows = []
    for vals, line in zip(plan['components'], plan['value']['components']):
        step = line.get('operation') and steps[line['operation']].id or False
        rows.append((0, 0, dict(vals, operation_id=step)))
    by_products = [(0, 0, vals) for vals in plan['by_products']]
    bill.write({'bom_line_ids': rows, 'byproduct_ids': by_products})
